import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { compareVersions } from "../../../../cli/doctor/inspect";

const ROOT = resolve(import.meta.dirname, "../../../..");

describe("npm run doctor", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-doctor-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function installed(program: string, says: string, exitCode = 0): void {
    const path = join(folder, program);
    writeFileSync(path, `#!/bin/sh\necho '${says}'\nexit ${exitCode}\n`);
    chmodSync(path, 0o755);
  }

  function doctor(...flags: string[]) {
    return spawnSync(process.execPath, ["cli/trellis.mjs", "doctor", ...flags], {
      cwd: ROOT,
      encoding: "utf8",
      env: { PATH: `${folder}:${dirname(process.execPath)}:/bin`, NO_COLOR: "1" },
    });
  }

  it("names what is missing, too old or broken, what it is needed for and what to do", () => {
    installed("pulumi", "v3.99.0");
    installed("docker", "docker: buildx is not a docker command", 1);
    installed("age", "v1.2.1");
    const { status, stdout } = doctor();

    expect(stdout).toMatch(/old +pulumi +3\.99\.0 is older than 3\.\d+\.\d+; needed for previews/);
    expect(stdout).toMatch(/broken +docker +`docker buildx version` does not answer with a version/);
    expect(stdout).toMatch(/install Docker with its buildx plugin/);
    expect(stdout).toMatch(/ok +age +1\.2\.1/);
    expect(stdout).toMatch(/ok +node /);
    expect(stdout).toMatch(/\d+ to fix; the others are ok\n$/);
    expect(status).toBe(0); // parts are missing, and what is there works
  });

  it("says the same for machines", () => {
    installed("pulumi", "v3.999.0");
    const programs = JSON.parse(doctor("--json").stdout) as { program: string; state: string }[];

    expect(programs.find(({ program }) => program === "pulumi")).toMatchObject({
      state: "ok",
      version: "3.999.0",
    });
    expect(programs.map(({ program }) => program)).toContain("pg_dump");
  });

  it("refuses flags that it does not know", () => {
    const { status, stderr } = doctor("--fix");
    expect(status).toBe(2);
    expect(stderr).toContain("--fix");
    expect(stderr).toContain("see: npx trellis doctor --help");
  });
});

it.each([
  ["20.19", "20.20.2", -1],
  ["3.250.0", "3.99.0", 1],
  ["18", "18.0", 0],
  ["18.4", "18", 1],
])("compares %s with %s as numbers", (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign);
});
