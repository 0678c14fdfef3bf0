import { z } from "zod";
import type { ToolName } from "./tools";

const line = (most: number) => z.string().trim().min(1).max(most);

/** One kind of agent: what it answers and what it may do. */
export interface Pool {
  readonly name: string;
  readonly summary: string;
  /** The structured output; an answer that does not fit is asked for again. */
  readonly answer: z.ZodType;
  /** The policy: every tool that the agent may use, and how often in one task. Everything else is refused. */
  readonly allowed: Readonly<Partial<Record<ToolName, number>>>;
}

export const POOLS = [
  {
    name: "lead-analysis",
    summary: "assesses a lead",
    answer: z.strictObject({
      score: z.int().min(0).max(100),
      temperature: z.enum(["hot", "warm", "cold"]),
      summary: line(2_000),
      reasons: z.array(line(500)).max(10),
      next_step: line(500),
    }),
    allowed: { read_lead: 5, read_history: 5, add_note: 1 },
  },
  {
    name: "follow-up",
    summary: "proposes a follow-up to a lead",
    answer: z.strictObject({
      channel: z.enum(["email", "call", "sms"]),
      subject: line(200).nullable(),
      message: line(4_000),
      send_in_days: z.int().min(0).max(90),
      rationale: line(1_000),
    }),
    allowed: { read_lead: 5, read_history: 5, propose_follow_up: 1 },
  },
] as const satisfies readonly Pool[];

export type PoolName = (typeof POOLS)[number]["name"];

export const poolNames = POOLS.map(({ name }) => name);

export function poolOf(name: string): Pool | undefined {
  return POOLS.find((pool) => pool.name === name);
}
