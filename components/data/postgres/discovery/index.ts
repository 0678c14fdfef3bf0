export { LeaderDiscovery } from "./leader-discovery";
