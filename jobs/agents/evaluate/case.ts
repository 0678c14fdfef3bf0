import type { Meter, Model, Usage } from "../model";
import type { Pool, Prompt } from "../runtime";
import { runAgent } from "../runtime";
import { safeReason } from "../safe-reason";
import type { EvaluationCase } from "./cases";

interface CaseResult {
  readonly name: string;
  readonly pool: string;
  readonly prompt: string;
  readonly tokens: number;
  readonly problems: readonly string[];
}

/** Runs the agent as a worker does, with the recorded lead and without a database. */
export async function evaluateCase(
  given: EvaluationCase,
  pool: Pool,
  prompt: Prompt,
  model: Model,
  signal: AbortSignal,
): Promise<CaseResult> {
  const counter = new Counter();
  const lead = { contactId: null, lead: given.lead, history: given.history };
  const problems: string[] = [];
  try {
    const outcome = await runAgent({
      pool,
      prompt,
      lead,
      ask: (question) => model.ask(question, counter, signal),
    });
    const effects = outcome.effects.map(({ tool }) => tool);
    problems.push(...judge(given.expect, outcome.answer, effects));
  } catch (error) {
    signal.throwIfAborted();
    problems.push(safeReason(error));
  }
  return { name: given.name, pool: pool.name, prompt: prompt.version, tokens: counter.tokens, problems };
}

/** What of an answer is not as the case expects it. */
export function judge(
  { fields, effects: wanted, absent }: EvaluationCase["expect"],
  answer: unknown,
  effects: readonly string[],
): string[] {
  // Safe: the answers of all pools are objects.
  const object = answer as Record<string, unknown>;
  const problems = Object.entries(fields).flatMap(([name, expected]) => {
    const value = object[name];
    if (Array.isArray(expected)) {
      return expected.some((each) => each === value)
        ? []
        : [`${name}: is ${JSON.stringify(value)}, expected one of ${expected.join(", ")}`];
    }
    if (typeof expected === "object") {
      const { min = -Infinity, max = Infinity } = expected;
      return typeof value === "number" && value >= min && value <= max
        ? []
        : [`${name}: is ${JSON.stringify(value)}, expected ${min} to ${max}`];
    }
    return value === expected
      ? []
      : [`${name}: is ${JSON.stringify(value)}, expected ${JSON.stringify(expected)}`];
  });
  if (wanted && [...wanted].sort().join() !== [...effects].sort().join()) {
    problems.push(`effects: are ${effects.join(", ") || "none"}, expected ${wanted.join(", ") || "none"}`);
  }
  const text = JSON.stringify(answer).toLowerCase();
  for (const each of absent)
    if (text.includes(each.toLowerCase())) problems.push(`the answer contains ${JSON.stringify(each)}`);
  return problems;
}

class Counter implements Meter {
  tokens = 0;

  async reserve(most: Usage) {
    return async (used: Usage | "unknown" | "free") => {
      if (used === "free") return;
      this.tokens += used === "unknown" ? most.tokens : used.tokens;
    };
  }
}
