import { describe, expect, it } from "vitest";
import { BadAnswer } from "../../../../jobs/agents/model/errors";
import type { ModelAnswer, Question } from "../../../../jobs/agents/model/model";
import { runAgent } from "../../../../jobs/agents/runtime/agent";
import { poolNames, poolOf } from "../../../../jobs/agents/runtime/pools";
import { readPrompt } from "../../../../jobs/agents/runtime/prompts";

const LEAD = { contactId: null, lead: { name: "A" }, history: [{ kind: "call" }] };
const ANALYSIS = { score: 70, temperature: "warm", summary: "a", reasons: [], next_step: "b" };

const said = (content: unknown): ModelAnswer => ({
  content: typeof content === "string" ? content : JSON.stringify(content),
  toolCalls: [],
});

const calls = (...given: [string, unknown][]): ModelAnswer => ({
  content: "",
  toolCalls: given.map(([name, args], id) => ({
    id: `${id}`,
    name,
    json: typeof args === "string" ? args : JSON.stringify(args),
  })),
});

/** An agent whose model gives these answers in turn; the last one again and again. */
async function run(poolName: string, answers: readonly ModelAnswer[]) {
  const pool = poolOf(poolName);
  if (!pool) throw new Error(`there is no pool ${poolName}`);
  const asked: Question[] = [];
  const outcome = await runAgent({
    pool,
    prompt: readPrompt(poolName),
    lead: LEAD,
    ask: async (question) => {
      asked.push({ ...question, messages: [...question.messages] });
      const answer = answers[Math.min(asked.length, answers.length) - 1];
      if (!answer) throw new Error("the test has no answer");
      return answer;
    },
  });
  return { outcome, asked };
}

describe("an agent", () => {
  it("takes an answer that fits, also in a fence", async () => {
    expect((await run("lead-analysis", [said(ANALYSIS)])).outcome.answer).toEqual(ANALYSIS);
    const fenced = said(`\`\`\`json\n${JSON.stringify(ANALYSIS)}\n\`\`\``);
    expect((await run("lead-analysis", [fenced])).outcome.answer).toEqual(ANALYSIS);
  });

  it("tells the model what does not fit, and takes the corrected answer", async () => {
    const { outcome, asked } = await run("lead-analysis", [
      said({ ...ANALYSIS, score: 101 }),
      said("no"),
      said(ANALYSIS),
    ]);
    expect(outcome.answer).toEqual(ANALYSIS);
    expect(asked).toHaveLength(3);
    expect(asked[1]?.messages.at(-1)?.content).toMatch(/score/);
    expect(asked[2]?.messages.at(-1)?.content).toMatch(/not JSON/);
  });

  it("gives up after two corrections, and after eight turns of tool calls", async () => {
    await expect(run("lead-analysis", [said("no")])).rejects.toThrow(BadAnswer);
    await expect(run("lead-analysis", [calls(["read_history", {}])])).rejects.toThrow(/all its turns/);
  });

  it("answers reads, plans allowed writes and refuses everything else", async () => {
    const proposal = { title: "Call", description: "Now", due_in_days: 1 };
    const { outcome, asked } = await run("lead-analysis", [
      calls(
        ["read_history", {}],
        ["read_lead", { id: "another" }],
        ["add_note", { body: "one" }],
        ["add_note", { body: "two" }],
        ["propose_follow_up", proposal],
        ["add_note", "{"],
        ["constructor", {}],
        ["DROP TABLE contacts; --", {}],
      ),
      said(ANALYSIS),
    ]);
    expect(outcome.effects.map(({ tool }) => tool)).toEqual(["add_note"]);
    expect(outcome.refused).toEqual([
      { action: "read_lead", refusal: "arguments" },
      { action: "add_note", refusal: "too-often" },
      { action: "propose_follow_up", refusal: "not-allowed" },
      { action: "add_note", refusal: "too-often" },
      { action: "constructor", refusal: "not-allowed" },
      { action: "unknown_tool", refusal: "not-allowed" },
    ]);
    expect(asked[1]?.messages.filter(({ role }) => role === "tool").map(({ content }) => content)).toEqual([
      '{"history":[{"kind":"call"}]}',
      expect.stringContaining("error"),
      '{"noted":true}',
      expect.stringContaining("1 times"),
      expect.stringContaining("error"),
      expect.stringContaining("error"),
      expect.stringContaining("error"),
      expect.stringContaining("error"),
    ]);
  });

  it("shows the model exactly the tools of its policy", async () => {
    const { asked } = await run("lead-analysis", [said(ANALYSIS)]);
    expect(asked[0]?.tools.map((tool) => tool.function.name)).toEqual([
      "read_lead",
      "read_history",
      "add_note",
    ]);
  });

  it.each(poolNames)("has a prompt for %s, whose version contains its digest", (pool) => {
    expect(readPrompt(pool).version).toMatch(/^v\d+ \([0-9a-f]{12}\)$/);
    expect(() => readPrompt(pool, "v0")).toThrow(/allowed: v1/);
  });
});
