import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trellis } from "../../../rigs/cli/trellis";
import { repository } from "../../../rigs/platform/stacks";

describe("a rotation on the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-secrets-"));
  const file = join(folder, "Pulumi.dev.yaml");
  const settings = readFileSync(join(repository, "Pulumi.dev.yaml"), "utf8");
  const run = (...words: string[]) => trellis([...words, "--stack", "dev", "--cwd", folder]);
  beforeAll(() => {
    writeFileSync(join(folder, "Pulumi.yaml"), `name: trellis\nmain: ${resolve(repository, "index.ts")}\n`);
    writeFileSync(file, settings);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("raises an epoch, shows what restarts, and names the next command", async () => {
    const { code, stdout, stderr } = await run("rotate", "database-rain");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("postgres.databases.rain.epoch: 1 -> 2 in Pulumi.dev.yaml\n");
    expect(stdout).toMatch(/makes +RandomPassword postgres-databases-rain_migrator_2/);
    expect(stdout).toMatch(/runs +postgres\/Job postgres-bootstrap-/);
    expect(stdout).toMatch(
      /restarts +rain-tracker\/Deployment rain-api\n +rain-tracker\/Deployment rain-metrics\n/,
    );
    expect(stdout).toContain("next  pulumi up --stack dev\n");
    const written = readFileSync(file, "utf8");
    expect(written.startsWith(settings)).toBe(true);
    expect(written.slice(settings.length)).toMatch(
      /^ {4}postgres:\n {6}databases:\n[\s\S]*rain:\n {10}epoch: 2\n/,
    );
  });
});
