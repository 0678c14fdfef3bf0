import { join } from "node:path";
import { pathToFileURL } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunFacts } from "../../../../cli/start/report";
import { datasetTables, platformTables } from "../../../../jobs/datasurface/model";
import { BROWSER_PROGRAMS, Browser } from "../../../rigs/cli/browser";
import { Checkout } from "../../../rigs/cli/local-run";
import { repository } from "../../../rigs/platform/stacks";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

const MINUTES = 60_000;
const SCREENSHOTS = join(repository, ".test-reports/screenshots");

/** What a run has printed when somebody presses Ctrl-C. */
const MOMENTS = [
  /✓ datasurface ingest/,
  /planning the dev stack/,
  /resources, planned in/,
  ...[1, 2, 4, 6, 9, 12, 15].map((steps) => new RegExp(`(✓[^]*){${steps}}`)),
];
/** All ten take minutes: `CTRL_C_MOMENTS=10`. */
const CTRL_C_AT = MOMENTS.slice(0, Number(process.env.CTRL_C_MOMENTS ?? 2));

const lastBatch = (facts: RunFacts) =>
  Math.max(...facts.streams.flatMap(({ batches }) => batches.map(({ batch }) => batch)));

/** What watches over a run ends a moment after it. */
const nobodyIsLeft = (checkout: Checkout) =>
  eventually("no process of the run is left", MINUTES, () => checkout.processes.length === 0);

describeWith([...BROWSER_PROGRAMS, "script", "setpriv"], "npm start", () => {
  let checkout: Checkout;
  let browser: Browser;
  beforeAll(async () => {
    checkout = new Checkout();
    browser = await Browser.start();
  });
  afterAll(async () => {
    await browser?.stop();
    await checkout?.remove();
  });

  /** Where pg_dump fits the server, backups run; elsewhere the run says that it made none. */
  const saved = () =>
    checkout.report.steps.some(
      ({ words, state }) => words.join(" ").startsWith("backup create") && state === "right",
    );
  const words = () => (saved() ? "all passed" : "well, but no backup");

  it("runs the planned stack, and all that it promises holds", { timeout: 15 * MINUTES }, async () => {
    const { code, printed } = await checkout.run("npm start");
    const facts = checkout.report;
    expect([code, facts.state], printed).toEqual(saved() ? [0, "right"] : [3, "unsaved"]);
    expect(printed).toContain(words());
    expect(facts.steps.filter(({ state }) => state === "failed")).toEqual([]);
    expect(new Set(facts.streams.map(({ platform }) => platform))).toEqual(
      new Set(["YellowLive", "YellowForensic"]),
    );
    for (const { tables, batches } of facts.streams) {
      expect(batches.length).toBeGreaterThan(1);
      for (const { source, open } of tables) expect(open).toBe(source);
    }
    expect(facts.rain?.readings).toBeGreaterThan(1_000);
    expect(facts.checks.length).toBeGreaterThan(2);
    expect(facts.checks.filter(({ holds }) => !holds)).toEqual([]);
  });

  it("leaves a page whose figures, seen in a browser, are those of the databases", {
    timeout: 5 * MINUTES,
  }, async () => {
    await browser.open(pathToFileURL(join(checkout.folder, "out/dev/report.html")).href, words());
    await browser.picture(join(SCREENSHOTS, "npm-start.png"), { whole: true });

    const figures = await browser.evaluate<Record<string, string>>(
      "Object.fromEntries([...document.querySelectorAll('[data-figure]')].map((figure) => " +
        "[[figure.closest('[data-table]')?.dataset.table, figure.closest('[data-stream]')?.dataset.stream, figure.dataset.figure]" +
        ".filter(Boolean).join('/'), figure.textContent]))",
    );
    const expected: Record<string, number> = {
      failed: 0,
      resources: checkout.resources,
    };
    await checkout.withKeptData(async (url) => {
      const count = async (database: string, from: string) => {
        const client = await eventually("the kept data can be read", MINUTES, async () => {
          const fresh = new pg.Client({ connectionString: url(database) });
          await fresh.connect();
          return fresh;
        });
        const { rows } = await client.query(`SELECT count(*)::int AS count FROM ${from}`);
        await client.end();
        return rows[0].count;
      };
      for (const { platform, stream, tables } of checkout.report.streams) {
        expected[`${platform}/batches`] = await count(
          "datasurface_merge",
          `"${platformTables(platform).metrics}"`,
        );
        for (const { dataset } of tables) {
          const merge = datasetTables(platform, stream, dataset).merge;
          expected[`${platform}/${dataset}/${platform}/source`] = await count("customer_db", `"${dataset}"`);
          expected[`${platform}/${dataset}/${platform}/merged`] = await count(
            "datasurface_merge",
            `"${merge}"`,
          );
        }
      }
      expected.readings = await count("rain", "reading");
      expected.rainDays = await count("rain", "reading WHERE inches > 0");
      expected.missing = await count("rain", "reading WHERE inches IS NULL");
      expected.gauges = await count("rain", "(SELECT DISTINCT gauge FROM reading) AS gauges");
    });
    expect(figures).toMatchObject(
      Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, String(value)])),
    );
    expect(
      await browser.evaluate("performance.getEntriesByType('resource').map(({ name }) => name)"),
    ).toEqual([]);
  });

  it("serves the page while batch follows batch on the data of the run before, alone in its folder, until Ctrl-C", {
    timeout: 15 * MINUTES,
  }, async () => {
    const before = lastBatch(checkout.report);
    // Neither npm nor a shell: both end with 130 after Ctrl-C, whatever the program ended with.
    const serving = checkout.onTerminal("exec node cli/trellis.mjs start --serve --only datasurface");
    const [, address = ""] = await serving.says(/live +(http:\S+)/);
    await browser.open(address, "all passed");
    const batches = () =>
      browser.evaluate<number>("Number(document.querySelector('[data-figure=batches]').textContent)");
    const seen = await batches();
    await eventually(
      "the page shows a further batch by itself",
      5 * MINUTES,
      async () => (await batches()) > seen,
    );
    await browser.shows("all passed"); // the source goes on changing, and that is not wrong
    await browser.picture(join(SCREENSHOTS, "npm-start-serve.png"));

    const second = await checkout.run("npm start -- --only rain");
    expect(second.code).toBe(1);
    expect(second.printed).toContain("another npm start runs in this checkout");

    serving.pressCtrlC();
    const { code, printed } = await serving.ended;
    expect(code, printed).toBe(0);
    expect(printed).toContain("stopped: no process of this run remains");
    await nobodyIsLeft(checkout);
    expect(lastBatch(checkout.report)).toBeGreaterThan(before);
  });

  it(`stops at Ctrl-C whatever it does (${CTRL_C_AT.length} moments), and the next run goes on`, {
    timeout: 30 * MINUTES,
  }, async () => {
    const before = lastBatch(checkout.report);
    for (const moment of CTRL_C_AT) {
      const going = checkout.onTerminal("npm start");
      await going.says(moment);

      going.pressCtrlC();
      const { code, printed } = await going.ended;
      expect(code, `${moment}: ${printed}`).toBe(130);
      expect(printed, String(moment)).toContain(
        "stopped: no process of this run remains, and .local/ keeps its data for the next run",
      );
      await nobodyIsLeft(checkout);
      expect(checkout.report.state, String(moment)).toBe("stopped");
    }

    const after = await checkout.run("npm start -- --only datasurface");
    expect(after.code, after.printed).toBe(0);
    expect(lastBatch(checkout.report)).toBeGreaterThan(before);
  });

  it("says what is wrong with a command line", async () => {
    const { code, printed } = await checkout.run("npm start -- --only moon");
    expect(code).toBe(2);
    expect(printed).toContain('--only: given "moon", allowed: datasurface, rain, backup');
  });
});
