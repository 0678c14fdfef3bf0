import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { renderCloudInit, USER_DATA_LIMIT } from "../../../../../components/servers/machine";
import { type WholeMachine, wholeMachines } from "../../../../rigs/machine/whole-machines";
import { describeWith, program } from "../../../../rigs/programs";

describeWith(["cloud-init", "openssl"], "the user data of whole machines", () => {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-user-data-"));
  let machines: WholeMachine[];
  beforeAll(async () => {
    machines = await wholeMachines();
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it("fits cloud-init's schema, on servers and agents", () => {
    for (const { node, parts } of machines) {
      const file = join(scratch, node.name);
      writeFileSync(file, renderCloudInit(parts), { mode: 0o600 });
      const judged = execFileSync(program("cloud-init"), ["schema", "--config-file", file], {
        encoding: "utf8",
      });
      expect(judged).toMatch(/Valid (schema|cloud-config)/);
    }
  });

  it("leaves a fifth of Hetzner's limit free with everything switched on, in a cluster of a hundred servers", async () => {
    const servers = [
      { location: "fsn1", types: ["cpx32"], numbers: [1, 2, 3] },
      { location: "fsn1", types: ["cpx32"], roles: ["workload"], numbers: range(4, 100) },
    ];
    const sizes = (await wholeMachines({ servers })).map(({ parts }) =>
      Buffer.byteLength(renderCloudInit(parts)),
    );

    expect(Math.max(...sizes)).toBeLessThan(0.8 * USER_DATA_LIMIT);
  });
});

const range = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);
