export { Workers } from "./workers";
