export { picture } from "./picture";
export { topologyOf } from "./topology";
