export { upgrade } from "./upgrade";
