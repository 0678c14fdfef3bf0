export { serverAlerts } from "./alerts";
export { baseMachine } from "./base";
export {
  certificateBundle,
  entriesOf,
  filesOf,
  renderCloudInit,
  USER_DATA_LIMIT,
  unpackScript,
} from "./cloud-init";
export { installedBy, PROGRAM_FUNCTIONS } from "./first-boot";
export { LOAD_METADATA_GUARD } from "./metadata-guard";
export type { MachineBinary, MachineDirectory, MachineFile, MachinePart } from "./part";
export { firstBootReport, REPORT_UNIT } from "./report";
