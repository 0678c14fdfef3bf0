export { UPGRADE_ACTIONS } from "./actions";
export { upgrade } from "./upgrade";
