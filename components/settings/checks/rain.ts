import type { Settings } from "../schema";

/** How many pods of Rain Tracker's API there are, and the sessions of PostgreSQL that its programs may hold. */
export interface RainServers {
  /** API pods without load. One is enough to try things, two survive the loss of a server. */
  readonly least: number;
  /** API pods under load. */
  readonly most: number;
  /** Additional API pods during an update. */
  readonly surge: number;
  /** Sessions of each API pod. */
  readonly sessions: number;
  /** Sessions of imports: each needs one for its work and, at times, one for its record of fetched files. */
  readonly imports: number;
}

export function rainServers(environment: Settings["environment"]): RainServers {
  return environment === "dev"
    ? { least: 1, most: 2, surge: 1, sessions: 2, imports: 2 }
    : { least: 2, most: 4, surge: 1, sessions: 4, imports: 3 };
}
