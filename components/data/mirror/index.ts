export { mirrorAlerts } from "./alerts";
export { ObjectMirror, type ObjectMirrorArgs } from "./mirror";
export { MIRROR } from "./names";
