export { type AgentOutcome, runAgent } from "./agent";
export type { Lead } from "./lead";
export { POOLS, type Pool, type PoolName, poolNames, poolOf } from "./pools";
export { type Prompt, readPrompt } from "./prompts";
export type { Subject } from "./tools";
