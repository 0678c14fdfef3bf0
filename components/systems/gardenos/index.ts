export { gardenosNamespace } from "./namespace";
