export { type Budget, COST_UNITS, TaskMeter } from "./budget";
export { poolSizes, registerPools, restartPool, scalePool } from "./pools";
export { DEAD_LETTERS, type JobData, QUEUE_SCHEMA, queueOf, startQueue, WAKE_CHANNEL } from "./queue";
export { queueStates, recentFailures, taskOf, totals } from "./report";
export { forgetOld, type Retention } from "./retention";
export { migrateAgents } from "./schema";
export { Sessions } from "./sessions";
export { bury, complete, enqueue, giveUp, openTask, postpone, retryFailed, type Task } from "./tasks";
