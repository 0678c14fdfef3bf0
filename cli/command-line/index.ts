export { completion, shellIn } from "./completion";
export { main } from "./main";
export { readCommandLine } from "./read-command-line";
