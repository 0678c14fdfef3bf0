import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { runPlan, temporaryFolder } from "../../../rigs/cli/plan-command";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

it("refuses a wrong setting before the Pulumi SDK loads, which takes most of a plan's time", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "wrong.yaml");
  const raw = withValue(rawSettings("dev"), "target.servers.0.types.0", "CX33");
  writeFileSync(file, stringify({ config: { "trellis:settings": raw } }));
  const witness = join(folder, "witness.cjs");
  writeFileSync(
    witness,
    `process.on("exit", () => {
      const loaded = Object.keys(require.cache).some((path) => path.endsWith("@pulumi/pulumi/index.js"));
      process.stderr.write(loaded ? "SDK loaded" : "SDK not loaded");
    });`,
  );
  const args = ["dev", "--config-file", file, "--out", join(folder, "out")];
  const witnessed = ["env", `NODE_OPTIONS=--require ${witness}`];

  const { code, stderr } = await runPlan(args, witnessed);
  expect(stderr).toContain("did you mean cx33?");
  expect(stderr).toMatch(/SDK not loaded$/);
  expect(code).toBe(1);

  writeFileSync(file, stringify({ config: {} })); // the program itself finds that the settings are missing
  const later = await runPlan(args, witnessed);
  expect(later.stderr).toContain(`"trellis:settings": missing`);
  expect(later.stderr).toMatch(/SDK loaded$/);
});
