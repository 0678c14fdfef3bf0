export { checkBackupsOnly, readFigures } from "./figures";
export { ingestAll, runInOrder, startBeside } from "./order";
export { partIn } from "./steps";
