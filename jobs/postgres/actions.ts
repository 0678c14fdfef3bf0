/** What `migrate` can do. */
export const ACTIONS = ["up", "down", "status", "new"] as const;

export type MigrateAction = (typeof ACTIONS)[number];
