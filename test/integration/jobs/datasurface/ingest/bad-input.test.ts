import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { datasurface } from "../../../../../jobs/datasurface";
import { JobError, parseCommandLine, prepare } from "../../../../../jobs/shared";
import { BAD_INPUTS, type BadInput } from "../../../../rigs/datasurface/bad-input";
import { BadInputRig } from "../../../../rigs/datasurface/bad-rig";
import { runJob } from "../../../../rigs/jobs/run-job";
import { sharedPostgres } from "../../../../rigs/postgres/postgres";

const ENTRY = { name: "datasurface", summary: "", load: async () => datasurface };

let rig: BadInputRig;
beforeAll(async () => {
  rig = await BadInputRig.open(sharedPostgres());
});
afterAll(() => rig.close());

describe("bad input", () => {
  it("is known in eighty kinds and more", () => {
    expect(BAD_INPUTS.length).toBeGreaterThanOrEqual(80);
    expect(new Set(BAD_INPUTS.map(({ name }) => name)).size).toBe(BAD_INPUTS.length);
  });

  it.each(BAD_INPUTS.map((input) => [input.name, input] as const))(
    "is refused with a clear message, and nothing merged is changed: %s",
    async (_, input: BadInput) => {
      const before = await rig.merged();
      const { words, environment, cleanUp } = await rig.prepare(input);
      const attempt = async () => {
        const run = prepare(await parseCommandLine(words, [ENTRY], environment));
        await run(rig.world.context);
      };
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      cleanUp();
      expect(error).toBeInstanceOf(Error);
      for (const text of input.says) expect((error as Error).message).toContain(text);
      expect(error).toBeInstanceOf(JobError);
      expect(await rig.merged()).toEqual(before);
    },
  );

  it.each(["a misspelt key", "seconds that are no number", "a key twice"])(
    "ends the whole command with code -1: %s",
    async (name) => {
      const input = BAD_INPUTS.find((each) => each.name === name);
      if (!input) throw new Error(`there is no case ${name}`);
      const { words, environment, cleanUp } = await rig.prepare(input);
      const job = await runJob(words, { environment });
      cleanUp();
      expect(job.exitCode).toBeGreaterThan(0);
      expect(job.stdout).toMatch(/DATASURFACE_RESULT_CODE=-1\n$/);
      expect(job.termination).toMatchObject({
        code: -1,
        error: expect.stringContaining(input.says[0] ?? ""),
      });
    },
  );

  it("leaves a stream that goes on as soon as the input is good", async () => {
    await rig.recovers();
    expect(await rig.world.metrics("YellowLive")).toMatchObject([
      { batch_id: 1, batch_status: "committed" },
      { batch_id: 2, batch_status: "committed", unchanged: 18 },
    ]);
  });
});
