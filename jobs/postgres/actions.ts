/** The actions of `migrate`. */
export const ACTIONS = ["up", "down", "status", "new"] as const;

export type MigrateAction = (typeof ACTIONS)[number];

/** What `jobs postgres upgrade` can do, in the order in which an operator does it. */
export const UPGRADE_ACTIONS = ["rehearse", "run", "finish", "back", "confirm"] as const;

/** How pg_upgrade brings the tables over: a copy, a copy that shares blocks, or the same files. */
export const TRANSFERS = ["copy", "clone", "link"] as const;

export type Transfer = (typeof TRANSFERS)[number];
