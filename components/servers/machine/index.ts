export { baseMachine } from "./base";
export { certificateBundle, filesOf, renderCloudInit, USER_DATA_LIMIT } from "./cloud-init";
export type { MachineBinary, MachineDirectory, MachineFile, MachinePart } from "./part";
