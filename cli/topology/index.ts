export { picture } from "./picture";
export { type Topology, topologyOf } from "./topology";
