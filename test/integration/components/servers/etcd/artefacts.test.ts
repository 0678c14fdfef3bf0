import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { etcdAlerts, etcdPart } from "../../../../../components/servers/etcd";
import { etcdArgs } from "../../../../rigs/etcd/part";
import { describeWith, program } from "../../../../rigs/programs";

describeWith(["bash", "shellcheck", "systemd-analyze"], "what is rendered for etcd", () => {
  const root = mkdtempSync(join(tmpdir(), "trellis-etcd-artefacts-"));
  const part = etcdPart(etcdArgs({ root }));
  const tool = join(root, "usr/local/sbin/trellis-etcd");

  beforeAll(() => {
    for (const { path, content, mode = "0644" } of part.files ?? []) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      chmodSync(path, Number.parseInt(mode, 8));
    }
    // interface-of comes with the base of the machine.
    for (const { path } of [
      ...(part.binaries ?? []),
      { path: join(root, "usr/local/lib/trellis/interface-of") },
    ]) {
      mkdirSync(dirname(path), { recursive: true });
      symlinkSync("/bin/true", path);
    }
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it("is a tool in which neither bash nor shellcheck finds a fault", () => {
    run("bash", ["-n", tool]);
    run("shellcheck", [tool]);
  });

  it("is a setup in which shellcheck finds no fault", () => {
    run("shellcheck", ["--shell=sh", "-"], part.setup);
  });

  it("is settings that a shell reads without a word", () => {
    expect(run("bash", ["-eu", join(root, "etc/etcd/trellis.conf")])).toBe("");
  });

  it("is a tool that says how it is used", () => {
    expect(() => run(tool, [])).toThrow(/trellis-etcd restore SNAPSHOT\|latest --all/);
    expect(() => run(tool, ["restore", "latest"])).toThrow(/trellis-etcd restore SNAPSHOT\|latest --all/);
    expect(() => run(tool, ["launch"])).toThrow(/trellis-etcd status/);
  });

  it("is units that systemd reads without a complaint", () => {
    const units = (part.files ?? []).map(({ path }) => path).filter((path) => path.includes("/systemd/"));
    const complaints = run("systemd-analyze", ["verify", ...units])
      .split("\n")
      .filter((line) => units.some((unit) => line.includes(basename(unit))));

    expect(units).toHaveLength(7);
    expect(complaints).toEqual([]);
  });
});

describeWith(["promtool"], "the alerts of etcd", () => {
  it("are rules that Prometheus reads", () => {
    const rules = { groups: [{ name: "etcd", rules: etcdAlerts({ members: 3, snapshotEveryHours: 6 }) }] };
    const folder = mkdtempSync(join(tmpdir(), "trellis-etcd-alerts-"));
    try {
      writeFileSync(join(folder, "rules.yaml"), JSON.stringify(rules));
      expect(run("promtool", ["check", "rules", join(folder, "rules.yaml")])).toContain(
        "SUCCESS: 11 rules found",
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** What a program printed, errors too; one that fails is thrown with all of it. */
function run(name: string, words: readonly string[], input = ""): string {
  const path = name.startsWith("/") ? name : program(name);
  try {
    return execFileSync("/bin/sh", ["-c", 'exec "$@" 2>&1', "sh", path, ...words], {
      input,
      encoding: "utf8",
    });
  } catch (error) {
    throw new Error(`${name}: ${String((error as { stdout?: unknown }).stdout)}`, { cause: error });
  }
}
