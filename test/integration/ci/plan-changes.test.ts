import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../../rigs/programs";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A copy of this checkout with what a person would have: the tracked files and the packages. */
function checkout(folder: string): string {
  const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
  }).split("\n");
  for (const file of files) {
    if (file !== "" && file !== "node_modules" && existsSync(join(root, file)))
      cpSync(join(root, file), join(folder, file));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

describeWith(["git"], "the changes of the plans", () => {
  let work: string;
  let printed: { status: number | null; stdout: string };
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), "trellis-plan-changes-"));
    const base = checkout(join(work, "base"));
    const head = checkout(join(work, "head"));
    // One stack each: planning takes seconds of processor time, and each of them is planned twice.
    for (const folder of [base, head]) {
      rmSync(join(folder, "Pulumi.staging.yaml"));
      rmSync(join(folder, "Pulumi.prod.yaml"));
    }
    const dev = join(head, "Pulumi.dev.yaml");
    const settings = readFileSync(dev, "utf8");
    expect(settings).toContain("location: fsn1");
    writeFileSync(dev, settings.replace("location: fsn1", "location: nbg1"));
    writeFileSync(
      join(head, "Pulumi.broken.yaml"),
      "config:\n  trellis:settings:\n    environment: nowhere\n",
    );
    printed = spawnSync("node", [".ci/plan-changes.mjs", base, join(work, "out")], {
      cwd: head,
      encoding: "utf8",
      // Nothing of the environment that could hold a secret.
      env: { PATH: process.env.PATH, HOME: work },
    });
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  const section = (stack: string) =>
    printed.stdout.split(/^## /m).find((each) => each.startsWith(stack)) ?? "";

  it("come without any secret in the environment", () => {
    expect(section("dev"), printed.stdout).toMatch(/^dev\n\n\d+ files changed/);
  });

  it("name the server that a change would delete and the one it would create, and show the difference", () => {
    expect(section("dev")).toMatch(
      /Deleted or renamed:\n\n(- .*\n)*- `hcloud:index\/server:Server .*fsn1-1`/,
    );
    expect(section("dev")).toMatch(/Created:\n\n(- .*\n)*- `hcloud:index\/server:Server .*nbg1-1`/);
    expect(section("dev")).toMatch(/```diff\ndiff --git a\/before\/dev/);
  });

  it("fail for a stack that cannot be planned, and say why", () => {
    expect(printed.status).toBe(1);
    expect(section("broken")).toMatch(/This change has no plan.*environment/s);
  });

  it("stay within the size of a job summary, and leave the whole difference beside it", () => {
    expect(Buffer.byteLength(printed.stdout)).toBeLessThan(1024 * 1024);
    expect(readFileSync(join(work, "out/dev.diff"), "utf8").length).toBeGreaterThan(1000);
  });
});
