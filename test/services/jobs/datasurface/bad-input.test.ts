import { afterAll, beforeAll, expect, it } from "vitest";
import { BAD_INPUTS } from "../../../rigs/datasurface/bad-input";
import { BadInputRig } from "../../../rigs/datasurface/bad-rig";
import { runJob } from "../../../rigs/jobs/run-job";
import { type PostgresServer, startPostgres } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

describeWith(["initdb"], "bad input to the bundled command, on Debian's PostgreSQL 15", () => {
  let server: PostgresServer;
  let rig: BadInputRig;
  beforeAll(async () => {
    server = await startPostgres({ release: "debian" });
    rig = await BadInputRig.open(server);
  });
  afterAll(async () => {
    await rig.close();
    await server.stop();
  });

  it.each(BAD_INPUTS.map((input) => [input.name, input] as const))(
    "ends with code -1: %s",
    async (_, input) => {
      const before = await rig.merged();
      const { words, environment, cleanUp } = await rig.prepare(input);
      const job = await runJob(words, { environment });
      cleanUp();

      expect(job.exitCode).toBeGreaterThan(0);
      expect(job.stdout).toMatch(/^DATASURFACE_RESULT_CODE=-1\n$/m);
      expect(job.termination?.code).toBe(-1);
      for (const text of input.says) expect(job.termination?.error).toContain(text);
      expect(await rig.merged()).toEqual(before);
    },
  );
});
