export { checkBackupsOnly, readFigures } from "./figures";
export { ingestAll, runInOrder, startBeside } from "./order";
export { partIn, runStep } from "./steps";
