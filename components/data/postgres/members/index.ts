export { CLOCKS, type Clock, type Failover } from "./clock";
export { PostgresCluster } from "./cluster";
export { MEMBER_RESOLVER, memberEnvironment } from "./member-environment";
export type { MembersArgs } from "./members-args";
export { dynamicConfiguration, type PatroniArgs, patroniConfig } from "./patroni-config";
