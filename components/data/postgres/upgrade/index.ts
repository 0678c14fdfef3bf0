export { MajorUpgrade } from "./major-upgrade";
