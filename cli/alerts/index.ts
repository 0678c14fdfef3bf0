export { run } from "./run";
export { testAlarm } from "./test-alarm";
