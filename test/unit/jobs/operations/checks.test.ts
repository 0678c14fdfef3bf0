import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CATEGORIES, CHECKS, type Check } from "../../../../jobs/operations/checks";
import { Metrics } from "../../../../jobs/operations/readers/metrics";
import {
  EXIT_CODES,
  progressLine,
  reportOf,
  reportText,
  runChecks,
  statusGroups,
} from "../../../../jobs/operations/run";
import { pages } from "../../../rigs/cli/docs";
import { repository } from "../../../rigs/platform/stacks";

const anchorsOf = new Map(pages().map(({ path, anchors }) => [path, anchors]));

describe("the checks", () => {
  it("are at least the 46 of the former system, each with an id of its own", () => {
    expect(CHECKS.length).toBeGreaterThanOrEqual(56);
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
  });

  it("are each in a file of their own, named like the id", () => {
    const files = CHECKS.map(({ id }) => join("jobs/operations/checks", `${id.replace(".", "/")}.ts`));
    const found = readdirSync(join(repository, "jobs/operations/checks"), {
      recursive: true,
      encoding: "utf8",
    });
    const missing = files.filter((file) => !found.includes(file.replace("jobs/operations/checks/", "")));
    expect(missing).toEqual([]);
  });

  it("fill ten categories", () => {
    expect(CATEGORIES).toHaveLength(10);
    for (const category of CATEGORIES)
      expect(CHECKS.filter(({ id }) => id.startsWith(`${category}.`)).length).toBeGreaterThan(1);
  });

  it("are each shown on the status screen, once", () => {
    const report = reportOf(
      CHECKS.map((check) => ({ check, outcome: "ok", detail: "", seconds: 0 }) as const),
      new Date(0),
      1,
    );
    const shown = statusGroups(report).flatMap(({ checks }) => checks.map(({ id }) => id));
    expect(shown.sort()).toEqual(CHECKS.map(({ id }) => id).sort());
  });

  it.each(CHECKS.map((check) => [check.id, check] as const))(
    "%s names a runbook that exists, and what to type",
    (_, check) => {
      const [page = "", section = ""] = check.runbook.split("#");
      expect([...(anchorsOf.get(page) ?? [])]).toContain(section);
      expect(check.next).not.toBe("");
      expect(check.means).toMatch(/\.$/);
      expect(check.timeoutSeconds).toBeLessThanOrEqual(25);
    },
  );
});

const stub = (id: Check["id"], run: Check["run"], timeoutSeconds = 1): Check => ({
  ...{ id, title: id, severity: "critical", timeoutSeconds, means: "It matters.", next: "mend it" },
  ...{ runbook: "docs/runbooks/health.md#alerts-fire", run },
});

describe("a run", () => {
  // Safe: these checks read nothing.
  const nothing = {} as Parameters<typeof runChecks>[0]["readers"];
  const platform = {} as Parameters<typeof runChecks>[0]["platform"];
  const run = (checks: readonly Check[], deadlineSeconds = 5) =>
    runChecks({ readers: nothing, platform, deadlineSeconds, checks });
  const never = () => new Promise<never>(() => undefined);
  const well = stub("etcd.well", () => ({ outcome: "ok", detail: "fine" }));

  it("counts a check without an answer as not checked, and never as passed", async () => {
    const results = await run([
      stub("etcd.slow", never, 0.05),
      stub("etcd.broken", () => {
        throw new TypeError("x is undefined");
      }),
    ]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["not checked", "not checked"]);
    expect(results[1]?.detail).toBe("the check itself failed: x is undefined");
    expect(reportOf(results, new Date(0), 1)).toMatchObject({
      score: 0,
      verdict: "not all could be checked",
    });
  });

  it("ends at its deadline, whatever the checks' own limits are", async () => {
    const started = performance.now();
    const [result] = await run([stub("etcd.slow", never, 60)], 0.1);
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(result?.outcome).toBe("not checked");
  });

  it.each([
    [["ok"], "well", 0, 100],
    [["ok", "not applicable"], "well", 0, 100],
    [["ok", "warning"], "with warnings", 1, 50],
    [["ok", "warning", "failed", "not checked"], "failing", 2, 25],
    [["ok", "ok", "warning", "not checked"], "not all could be checked", 3, 50],
    [["not applicable"], "not all could be checked", 3, 0],
  ] as const)(
    "that found %j is %s, with exit code %i and score %i",
    async (outcomes, verdict, code, score) => {
      const checks = outcomes.map((outcome, at) => stub(`etcd.c${at}`, () => ({ outcome, detail: "x" })));
      const report = reportOf(await run(checks), new Date(0), 1);
      expect(report).toMatchObject({ verdict, score });
      expect(EXIT_CODES[report.verdict]).toBe(code);
    },
  );

  it("is told line by line, and reported without colour codes", async () => {
    const results = await run([well, stub("etcd.ill", () => ({ outcome: "failed", detail: "m1 is away" }))]);
    const report = reportOf(results, new Date(0), 1);
    expect(progressLine({ id: "etcd.ill", outcome: "failed", detail: "m1 is away" }, 2, 56)).toBe(
      "[ 2/56] FAIL etcd.ill: m1 is away",
    );
    const text = reportText(report);
    expect(text).not.toContain("\x1b");
    expect(text).toContain("Score:          50%");
    expect(text).toContain("  - etcd.ill: m1 is away\n      means:   It matters.\n      next:    mend it");
  });
});

describe("an exporter's metrics", () => {
  it("are read with their labels", () => {
    const metrics = new Metrics('# HELP a b\na{x="1",y="say \\"no\\""} 2.5\nb 3e2 1700000000\nnot a line\n');
    expect(metrics.value("a", { x: "1" })).toBe(2.5);
    expect(metrics.all("a")[0]?.labels.y).toBe('say "no"');
    expect(metrics.value("b")).toBe(300);
    expect(metrics.value("c")).toBeUndefined();
  });
});
