export { type Attributes, inSpan, recording } from "./spans";
export { startTracing } from "./start";
