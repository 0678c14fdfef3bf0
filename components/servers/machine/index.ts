export { serverAlerts } from "./alerts";
export { baseMachine } from "./base";
export { certificateBundle, filesOf, renderCloudInit, USER_DATA_LIMIT } from "./cloud-init";
export { LOAD_METADATA_GUARD } from "./metadata-guard";
export type { MachineBinary, MachineDirectory, MachineFile, MachinePart } from "./part";
export { firstBootReport, REPORT_UNIT } from "./report";
