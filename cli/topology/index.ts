export { picture } from "./picture";
export { picturesOf } from "./pictures";
export { systemsOf } from "./systems";
export { systemsPicture } from "./systems-picture";
export { topologyOf } from "./topology";
