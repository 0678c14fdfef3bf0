export { readFigures } from "./figures";
export { ingestAll, runLanes, startBeside } from "./order";
export { partIn } from "./steps";
