import { afterEach, describe, expect, it } from "vitest";
import { CallRefused, ModelUnavailable, TaskStopped } from "../../../../jobs/agents/model/errors";
import { type Meter, Model, type Usage } from "../../../../jobs/agents/model/model";
import { type Fault, ModelApi } from "../../../rigs/model-api/model-api";

/** Notes what each request reserved and how it was settled. */
class Notebook implements Meter {
  readonly reserved: Usage[] = [];
  readonly settled: (Usage | "unknown" | "free")[] = [];

  async reserve(most: Usage) {
    this.reserved.push(most);
    return async (used: Usage | "unknown" | "free") => void this.settled.push(used);
  }
}

describe("requests to the model", () => {
  let api: ModelApi | undefined;

  afterEach(async () => {
    await api?.stop();
  });

  async function model(fault: (request: number) => Fault | undefined, attempts = 3): Promise<Model> {
    api = await ModelApi.start({ fault });
    const price = { input: 10, output: 40 };
    return new Model({
      url: api.url,
      model: "stand-in",
      key: "key",
      callSeconds: 0.3,
      attempts,
      concurrency: 4,
      answerTokens: 100,
      price,
    });
  }

  const ask = (from: Model, meter = new Notebook(), signal = new AbortController().signal) =>
    from.ask(
      { messages: [{ role: "user", content: '{"lead":{"notes":null}}' }], tools: [], schema: {} },
      meter,
      signal,
    );

  it("reserve more than they use, and settle by the usage that the API reports", async () => {
    const meter = new Notebook();
    await ask(await model(() => undefined), meter);
    const [reserved, used] = [meter.reserved[0], meter.settled[0]];
    if (!reserved || !used || typeof used === "string") throw new Error("there is no usage");
    expect(used.tokens).toBeLessThan(reserved.tokens);
    expect(used.cost).toBeGreaterThan(0);
    expect(used.cost).toBeLessThan(reserved.cost);
  });

  it.each<[Fault, string]>([
    ["500", "unknown"],
    ["cut", "unknown"],
    ["hangs", "unknown"],
    ["html", "unknown"],
    ["stream", "unknown"],
    ["429", "free"],
  ])("are made again after %s, each with a reservation of its own", async (fault, settled) => {
    const meter = new Notebook();
    const answer = await ask(await model((request) => (request === 0 ? fault : undefined)), meter);
    expect(answer.content).toContain("score");
    expect(meter.reserved).toHaveLength(2);
    expect(meter.settled[0]).toBe(settled);
  });

  it("wait as long as the API asks", async () => {
    const begun = performance.now();
    await ask(await model((request) => (request === 0 ? "429" : undefined)));
    expect(performance.now() - begun).toBeGreaterThanOrEqual(200);
  });

  it("count in full when the API reports no usage", async () => {
    const meter = new Notebook();
    await ask(await model(() => "no-usage"), meter);
    expect(meter.settled).toEqual(["unknown"]);
  });

  it("are held back after eight failures in a row, and say nothing of what was sent", async () => {
    const failing = await model(() => "500", 1);
    const errors: unknown[] = [];
    for (let each = 0; each < 10; each++) errors.push(await ask(failing).catch((error: unknown) => error));
    expect(errors.map((error) => (error instanceof ModelUnavailable ? error.code : error))).toEqual([
      ...Array.from({ length: 8 }, () => "500"),
      "circuit-open",
      "circuit-open",
    ]);
    expect(api?.requests).toBe(8);
    expect(failing.circuitOpen).toBe(true);
    expect(errors.map(String).join()).not.toContain("lead");
  });

  it("end at once when the task is stopped, and count in full", async () => {
    const meter = new Notebook();
    const stop = new AbortController();
    const asked = ask(await model(() => "hangs"), meter, stop.signal);
    setTimeout(() => stop.abort(), 50);
    await expect(asked).rejects.toThrow(TaskStopped);
    expect(meter.settled).toEqual(["unknown"]);
  });

  it("are not made again when the API refuses them", async () => {
    const meter = new Notebook();
    await expect(ask(await model(() => "400"), meter)).rejects.toThrow(CallRefused);
    expect(meter.settled).toEqual(["free"]);
  });
});
