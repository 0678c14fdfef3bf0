export { initModel } from "./init-model";
