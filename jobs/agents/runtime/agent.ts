import { z } from "zod";
import type { Message, ModelAnswer, Question } from "../model";
import { BadAnswer } from "../model";
import type { Lead } from "./lead";
import type { Pool } from "./pools";
import type { Prompt } from "./prompts";
import { judgeCall, type PlannedEffect, toolDefinitions } from "./tools";

/** Requests of one task, tool calls and corrections included. */
const TURNS = 8;

/** How often a model is told what does not fit in its answer. */
const CORRECTIONS = 2;

/** Tool calls of one answer that are looked at. */
const CALLS_PER_TURN = 10;

/** The most of an answer that is sent back when it is corrected. */
const LONGEST_ECHO = 4_000;

/** A tool call as the audit records it. */
export interface ToolDecision {
  readonly action: string;
  readonly refusal: string;
}

export interface AgentOutcome {
  readonly answer: unknown;
  /** Writes that the policy allows, in the order of the calls. */
  readonly effects: readonly PlannedEffect[];
  readonly refused: readonly ToolDecision[];
}

interface RunAgentArgs {
  readonly pool: Pool;
  readonly prompt: Prompt;
  readonly lead: Lead;
  readonly ask: (question: Question) => Promise<ModelAnswer>;
}

/**
 * Asks the model until its answer fits, and answers its tool calls. It reads what is given and writes nothing: effects
 * are only planned, so that they can be committed with the result.
 */
export async function runAgent({ pool, prompt, lead, ask }: RunAgentArgs): Promise<AgentOutcome> {
  const { schema, tools } = interfaceOf(pool);
  const messages: Message[] = [
    { role: "system", content: prompt.text },
    { role: "user", content: JSON.stringify({ lead: lead.lead }) },
  ];
  const used = new Map<string, number>();
  const effects: PlannedEffect[] = [];
  const refused: ToolDecision[] = [];
  let corrections = 0;
  for (let turn = 0; turn < TURNS; turn++) {
    const { content, toolCalls } = await ask({ messages, tools, schema });
    if (toolCalls.length > 0) {
      const calls = toolCalls.slice(0, CALLS_PER_TURN);
      messages.push({
        role: "assistant",
        content: content.slice(0, LONGEST_ECHO),
        tool_calls: calls.map(({ id, name, json }) => ({
          id,
          type: "function",
          function: { name, arguments: json.slice(0, LONGEST_ECHO) },
        })),
      });
      for (const { id, name, json } of calls) {
        const outcome = judgeCall(name, json, lead, pool.allowed, used);
        if (outcome.kind === "refused") refused.push({ action: actionName(name), refusal: outcome.reason });
        else used.set(name, (used.get(name) ?? 0) + 1);
        if (outcome.kind === "planned") effects.push(outcome.effect);
        messages.push({ role: "tool", tool_call_id: id, content: JSON.stringify(toolReply(outcome)) });
      }
      continue;
    }
    const read = readAnswer(pool.answer, content);
    if (read.success) return { answer: read.data, effects, refused };
    if (corrections === CORRECTIONS) throw new BadAnswer("does-not-fit");
    corrections += 1;
    messages.push(
      { role: "assistant", content: content.slice(0, LONGEST_ECHO) },
      {
        role: "user",
        content: `The answer does not fit:\n${read.problem.slice(0, LONGEST_ECHO)}\nAnswer with one JSON object alone.`,
      },
    );
  }
  throw new BadAnswer("too-many-turns");
}

interface ModelInterface {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly tools: ReturnType<typeof toolDefinitions>;
}

/** Made once for each pool: it is the same for every task. */
const interfaces = new WeakMap<Pool, ModelInterface>();

function interfaceOf(pool: Pool): ModelInterface {
  const made = interfaces.get(pool);
  if (made) return made;
  const { $schema: _, ...schema } = z.toJSONSchema(pool.answer);
  const making = { schema, tools: toolDefinitions(pool.allowed) };
  interfaces.set(pool, making);
  return making;
}

function toolReply(outcome: ReturnType<typeof judgeCall>): unknown {
  if (outcome.kind === "read") return outcome.content;
  if (outcome.kind === "planned") return { noted: true };
  return { error: outcome.remedy };
}

/** A model can call a tool by any text, and the audit keeps names alone. */
const actionName = (name: string) => (/^[a-z][a-z0-9_]{0,40}$/.test(name) ? name : "unknown_tool");

type ReadAnswer = { success: true; data: unknown } | { success: false; problem: string };

function readAnswer(schema: z.ZodType, content: string): ReadAnswer {
  // Many models put JSON into a fence, although they are asked not to.
  const bare = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/.exec(content)?.[1] ?? content;
  let given: unknown;
  try {
    given = JSON.parse(bare);
  } catch {
    return { success: false, problem: "It is not JSON." };
  }
  const parsed = schema.safeParse(given);
  return parsed.success
    ? { success: true, data: parsed.data }
    : { success: false, problem: z.prettifyError(parsed.error) };
}
