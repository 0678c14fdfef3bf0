export { PostgresCluster } from "./cluster";
export { memberEnvironment } from "./member-environment";
export type { MembersArgs } from "./members-args";
export { type PatroniArgs, patroniConfig } from "./patroni-config";
