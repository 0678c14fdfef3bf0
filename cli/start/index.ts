export { clean } from "./clean";
export { LOCAL, OUT } from "./folders";
export { readServing, type Serving } from "./serving";
export { start } from "./start";
