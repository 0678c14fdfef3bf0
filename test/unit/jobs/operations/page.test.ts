import { describe, expect, it } from "vitest";
import { CHECKS } from "../../../../jobs/operations/checks";
import type { HistoryEntry } from "../../../../jobs/operations/history";
import { statusPage } from "../../../../jobs/operations/page";
import { reportOf } from "../../../../jobs/operations/run";

const AT = new Date("2026-09-01T10:07:00Z");
const report = (ill: Readonly<Record<string, string>> = {}) =>
  reportOf(
    CHECKS.map((check) => {
      const detail = ill[check.id];
      return detail === undefined
        ? { check, outcome: "ok" as const, detail: "3 members", seconds: 0.1 }
        : { check, outcome: "failed" as const, detail, seconds: 0.1 };
    }),
    AT,
    4,
  );
const run = (score: number): HistoryEntry => ({
  ...{ at: AT.toISOString(), score, verdict: score === 100 ? "well" : "failing", seconds: 4, passed: score },
  ...{ failed: score === 100 ? [] : ["etcd.quorum"], warnings: [], notChecked: [] },
});
const text = (args: Partial<Parameters<typeof statusPage>[0]> = {}) =>
  statusPage({
    ...{ report: report(), runs: [run(100)], runbooks: undefined, everyHours: 1, now: AT },
    ...args,
  }).text;

describe("the status page", () => {
  it("says in its title and on top how the platform is", () => {
    expect(text()).toContain("<title>100% well - status</title>");
    expect(text()).toContain("All is well");
    expect(text({ report: report({ "etcd.quorum": "2 of 3 are gone" }) })).toContain("Something fails");
  });

  it("names the next command and the runbook of what is not well", () => {
    const page = text({
      report: report({ "etcd.quorum": "2 of 3 are gone" }),
      runbooks: "https://git.example.com/trellis/",
    });
    const check = CHECKS.find(({ id }) => id === "etcd.quorum");
    expect(page).toContain("2 of 3 are gone");
    expect(page).toContain(
      check?.next.replaceAll("'", "&#39;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    );
    expect(page).toContain(`href="https://git.example.com/trellis/${check?.runbook}"`);
  });

  it("shows what a program answered as text, whatever it is", () => {
    const page = text({ report: report({ "etcd.quorum": "<script>alert(1)</script>" }) });
    expect(page).not.toContain("<script");
    expect(page).toContain("&lt;script&gt;");
  });

  it("has a bar for each run, and says when the findings are old", () => {
    const page = text({ runs: [run(98), run(100), run(100)] });
    expect(page.match(/<rect /g)).toHaveLength(3);
    expect(page).toContain("98%, failing (etcd.quorum)");
    expect(page).not.toContain("hours old");
    expect(text({ now: new Date(AT.getTime() + 4 * 3_600_000) })).toContain("4 hours old");
    expect(text({ now: new Date(AT.getTime() + 4 * 3_600_000), everyHours: 24 })).not.toContain("hours old");
  });

  it("says that no run was made yet", () => {
    expect(text({ report: undefined, runs: [] })).toContain("No run yet");
  });
});
