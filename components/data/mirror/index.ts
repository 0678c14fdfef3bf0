export { ObjectMirror, type ObjectMirrorArgs } from "./mirror";
