export { evaluatePrompts } from "./verb";
