import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import axe from "axe-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RunFacts, reportPage, type StepFacts } from "../../../../cli/start/report";
import { BROWSER_PROGRAMS, Browser } from "../../../rigs/cli/browser";
import { repository } from "../../../rigs/platform/stacks";
import { describeWith } from "../../../rigs/programs";

const SCREENSHOTS = join(repository, ".test-reports/screenshots");

const step = (words: string, state: StepFacts["state"], more: Partial<StepFacts> = {}): StepFacts => ({
  kind: "CronJob",
  name: `postgres/${words.replaceAll(" ", "-")}`,
  system: "platform",
  words: words.split(" "),
  state,
  ...(state !== "skipped" && { at: 4, seconds: 6, log: `postgres-${words.replaceAll(" ", "-")}.log` }),
  ...more,
});

const STEPS = [
  step("postgres bootstrap", "right", { at: 0, seconds: 4, exitCode: 0 }),
  step("datasurface ingest --platform YellowLive", "right", { round: 1, at: 4, seconds: 3 }),
  step("datasurface ingest --platform YellowLive", "right", { round: 2, at: 10, seconds: 5 }),
  step("rain migrate", "failed", {
    exitCode: 1,
    error: "database rain: connection refused",
    tail: ["info: connecting", "error: connection refused <after 3 tries>"],
  }),
  step("backup create", "skipped", { note: "needs pg_dump on the PATH" }),
];
const RUNNING = step("rain import --years 2019-2024", "running", {
  at: 12,
  heard: { message: "2021: 1200 readings", at: 18.5 },
});
const { seconds: _, ...UNFINISHED } = RUNNING;

function facts(more: Partial<RunFacts>): RunFacts {
  return {
    stack: "dev",
    began: "2026-11-21T10:00:00.000Z",
    seconds: 20,
    state: "wrong",
    resources: { total: 358, byType: [{ type: "kubernetes:core/v1:ConfigMap", count: 26 }] },
    picture: '<svg viewBox="0 0 1032 90" width="1032" height="90" role="img"><title>dev</title></svg>',
    warnings: ["domain: no certificate will be issued for dev.example.com, an example domain"],
    services: [
      {
        name: "PostgreSQL 17.10",
        standsFor: "postgres-primary.postgres.svc.cluster.local",
        address: "127.0.0.1:41234",
      },
    ],
    steps: STEPS,
    streams: [
      {
        platform: "YellowLive",
        stream: "customers",
        batches: [
          {
            batch: 1,
            status: "committed",
            seconds: 1.2,
            total: 100,
            inserted: 100,
            updated: 0,
            deleted: 0,
            unchanged: 0,
          },
          {
            batch: 2,
            status: "committed",
            seconds: 0.4,
            total: 98,
            inserted: 1,
            updated: 5,
            deleted: 3,
            unchanged: 92,
          },
        ],
        tables: [{ dataset: "customers", source: 98, merged: 98, open: 98 }],
      },
    ],
    rain: {
      gauges: 3,
      readings: 1234,
      rainDays: 300,
      missing: 4,
      months: [{ month: "2026-01", inches: 3.2, greatest: 5 }],
      imports: [{ subject: "archive", status: "succeeded", readings: 1234 }],
    },
    backups: { bucket: "backups", objects: 4, bytes: 5_000_000, backups: ["postgres_20261121_020000"] },
    checks: [
      { what: "datasurface: the merge tables equal the source", holds: true, found: "98 rows" },
      { what: "rain: what it promises", holds: false, found: "not checked, because rain migrate failed" },
    ],
    ...more,
  };
}

const PAGES = {
  failed: reportPage(facts({}), { live: false }),
  live: reportPage(facts({ state: "running", steps: [...STEPS, UNFINISHED] }), { live: true }),
};

describeWith(BROWSER_PROGRAMS, "the report's page", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-report-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.start();
  });
  afterAll(async () => {
    await browser?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(name: keyof typeof PAGES): Promise<void> {
    const file = join(folder, `${name}.html`);
    // A page in a file has no server to ask for news.
    writeFileSync(file, PAGES[name].replace(/<script>[\s\S]*<\/script>/, ""));
    await browser.open(pathToFileURL(file).href, "What ran");
  }

  const cases = (["failed", "live"] as const).flatMap((page) =>
    (["light", "dark"] as const).flatMap((colours) => [360, 1400].map((width) => ({ page, colours, width }))),
  );
  it.each(cases)(
    "is accessible and needs no sideways scrolling: $page, $colours, $width px",
    async ({ page, colours, width }) => {
      await browser.screen(width, colours);
      await open(page);
      await browser.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })");
      await browser.picture(join(SCREENSHOTS, `report-${page}-${colours}-${width}.png`), { whole: true });
      expect(await browser.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);

      await browser.evaluate(`${axe.source}; undefined`);
      const findings = await browser.evaluate<string[]>(
        "axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html)))",
      );
      expect(findings).toEqual([]);
    },
  );

  it("begins with what failed, then with the promises that do not hold", async () => {
    await browser.screen(1400, "light");
    await open("failed");
    const titles = await browser.evaluate<string[]>(
      "[...document.querySelectorAll('h2')].map((each) => each.textContent)",
    );
    expect(titles.slice(0, 2)).toEqual(["A step failed", "Checks"]);
    const text = await browser.text();
    expect(text).toContain("error: connection refused <after 3 tries>");
    expect(text.indexOf("rain: what it promises")).toBeLessThan(
      text.indexOf("datasurface: the merge tables"),
    );
  });

  it("shows when each workload ran, in order, with a link to its log", async () => {
    await open("failed");
    const lines = await browser.evaluate<string[]>(
      "[...document.querySelectorAll('.timeline summary')].map((each) => each.innerText.replace(/\\s+/g, ' ').trim())",
    );
    expect(lines).toEqual([
      "✓ done postgres bootstrap 4.00 s",
      "✓ done datasurface ingest 8.00 s in 2 runs",
      "✗ failed rain migrate 6.00 s",
    ]);
    const bars = await browser.evaluate<string[]>(
      "[...document.querySelectorAll('[data-step*=ingest] .bar')].map((each) => each.style.left + ' ' + each.style.width)",
    );
    expect(bars).toEqual(["20% 15%", "50% 25%"]);
    const links = await browser.evaluate<string[]>(
      "[...document.querySelectorAll('.timeline a')].map((each) => each.getAttribute('href'))",
    );
    expect(links).toContain("../../.local/logs/postgres-rain-migrate.log");
    expect(PAGES.live).toContain('href="/logs/postgres-rain-migrate.log"');
    expect(await browser.text()).toContain("1 did not run here");
  });

  it("says while it is live what runs, since when, and when it was last heard of", async () => {
    await open("live");
    const now = await browser.evaluate<string>("document.querySelector('[data-running]').innerText");
    expect(now).toBe(
      "rain import, since 10:00:12 UTC (8.00 s); heard 1.50 s ago: “2021: 1200 readings”".replace(
        /[“”]/g,
        "",
      ),
    );
  });

  it("is used by the keyboard alone", async () => {
    await open("failed");
    for (let presses = 0; presses < 40; presses++) {
      await browser.key("Tab");
      if (await browser.evaluate("document.activeElement.closest('.timeline details') !== null")) break;
    }
    await browser.key("Enter");
    expect(await browser.evaluate("document.activeElement.closest('.timeline details').open")).toBe(true);
  });
});
