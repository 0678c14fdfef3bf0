/** The actions of `migrate`. */
export const ACTIONS = ["up", "down", "status", "new"] as const;

export type MigrateAction = (typeof ACTIONS)[number];
