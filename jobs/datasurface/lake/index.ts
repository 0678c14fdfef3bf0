export { lake } from "./lake";
