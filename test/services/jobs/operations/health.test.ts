import { afterAll, beforeAll, expect, it } from "vitest";
import { CHECKS } from "../../../../jobs/operations/checks";
import { EXIT_CODES, reportText, statusText } from "../../../../jobs/operations/run";
import { BROWSER_PROGRAMS, Browser } from "../../../rigs/cli/browser";
import { runJob } from "../../../rigs/jobs/run-job";
import { FAULTS, ill, NOT_HERE, suffer } from "../../../rigs/operations/faults";
import { HISTORY } from "../../../rigs/operations/kubernetes";
import { OPERATIONS_PROGRAMS, OperationsRig } from "../../../rigs/operations/programs";
import { freePort } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

describeWith(
  [...OPERATIONS_PROGRAMS, ...BROWSER_PROGRAMS],
  "the checks of a platform of real programs",
  () => {
    let rig: OperationsRig;
    beforeAll(async () => {
      rig = await OperationsRig.start();
    });
    afterAll(() => rig?.stop());

    it("give a healthy platform the full score, in less than 30 s", async () => {
      const report = await rig.examine();
      expect(ill(report)).toEqual({ [NOT_HERE]: ["not applicable", expect.any(String)] });
      expect(report).toMatchObject({ score: 100, verdict: "well" });
      expect(report.checks).toHaveLength(CHECKS.length);
      expect(report.seconds).toBeLessThan(30);
      expect(EXIT_CODES[report.verdict]).toBe(0);
    });

    it("meet more than forty faults", () => {
      expect(FAULTS.length).toBeGreaterThan(40);
      expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    });

    it.each(FAULTS.map((fault) => [fault.name, fault] as const))(
      "see that %s, and nothing else",
      async (_, fault) => {
        const { seen, unknown = [] } = fault;
        const report = await suffer(rig, fault);
        expect(ill(report)).toEqual({
          [NOT_HERE]: ["not applicable", expect.any(String)],
          ...Object.fromEntries(unknown.map((id) => [id, ["not checked", expect.any(String)]])),
          ...Object.fromEntries(
            Object.entries(seen).map(([id, [outcome, words]]) => [
              id,
              [outcome, expect.stringMatching(words)],
            ]),
          ),
        });
        expect(report.verdict).not.toBe("well");
        for (const id of Object.keys(seen)) {
          const { next, runbook, detail } = report.checks.find((each) => each.id === id) ?? {};
          for (const text of [reportText(report), statusText(report)])
            for (const part of [next, runbook, detail]) expect(text).toContain(part);
        }
      },
    );

    const history = () =>
      JSON.parse(
        rig.server.kubectl(
          "-n",
          "operations",
          "get",
          "configmap",
          HISTORY,
          "-o",
          "jsonpath={.data.history\\.json}",
        ),
      );

    it("run as a job: line by line, with the report, the exit code and a history", async () => {
      const well = await runJob(["operations", "health", "--with-json"], { environment: rig.environment() });
      expect(well).toMatchObject({ exitCode: 0 });
      expect(well.stdout).toMatch(new RegExp(`^\\[ 1/${CHECKS.length}\\] ok `));
      expect(well.stdout).toContain(`[${CHECKS.length}/${CHECKS.length}] `);
      expect(well.stdout).toContain("Score:          100%");
      const [, json = ""] = /^HEALTH_REPORT=(.*)$/m.exec(well.stdout) ?? [];
      expect(JSON.parse(json)).toMatchObject({ score: 100, verdict: "well" });

      const pins = [{ name: "k3s", supportedUntil: "2020-01-01" }];
      const ill = await runJob(["operations", "health"], { environment: rig.environment({ pins }) });
      expect(ill).toMatchObject({ exitCode: 1 });
      expect(ill.stdout).toMatch(/^Trend: +100% at .*; new: workloads\.image-age$/m);
      expect(history()).toMatchObject([{ warnings: ["workloads.image-age"] }, { score: 100, warnings: [] }]);
      const [, token = "no token"] = /^(\S+)$/.exec(rig.args.objectsToken ?? "") ?? [];
      for (const { stdout, stderr } of [well, ill]) expect(stdout + stderr).not.toContain(token);
    });

    it("are shown on a page, in a real browser", async () => {
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      let end: () => void = () => undefined;
      const served = runJob(["operations", "serve-page", "--host", "127.0.0.1", "--port", String(port)], {
        environment: { ...rig.environment(), OPERATIONS_RUNBOOKS: "https://git.example.com/trellis/" },
        onStart: (child) => {
          end = () => child.kill("SIGTERM");
        },
      });
      const browser = await Browser.start();
      try {
        await eventually("the page answers", 20_000, async () => (await fetch(`${origin}/health`)).ok);
        // The run before this one found that a version is out of support.
        await browser.open(origin, "Well, with warnings");
        await browser.shows("k3s");
        expect(await browser.evaluate<number>("document.querySelectorAll('svg.history rect').length")).toBe(
          2,
        );
        expect(await browser.evaluate<number>("document.querySelectorAll('script').length")).toBe(0);
        expect(await browser.evaluate<string>("document.querySelector('.ill a').href")).toContain(
          "https://git.example.com/trellis/docs/",
        );
        const width = "document.documentElement.scrollWidth <= window.innerWidth";
        expect(await browser.evaluate<boolean>(width)).toBe(true);
        const refused = await fetch(origin, { method: "POST" });
        expect(refused.status).toBe(405);
        const { report, history: runs } = Object(await (await fetch(`${origin}/status.json`)).json());
        expect(report).toMatchObject({ verdict: "with warnings", counts: { warning: 1 } });
        expect(runs).toHaveLength(2);
      } finally {
        await browser.stop();
        end();
        await served;
      }
    });

    it("end with 0 on a schedule, and with 2 where a setting is wrong", async () => {
      const environment = rig.environment({ pins: [{ name: "k3s", supportedUntil: "2020-01-01" }] });
      expect(await runJob(["operations", "health", "--scheduled"], { environment })).toMatchObject({
        exitCode: 0,
      });
      const wrong = await runJob(["operations", "status"], {
        environment: { OPERATIONS_PLATFORM: "/nowhere" },
      });
      expect(wrong.exitCode).toBe(2);
      expect(wrong.stderr).toContain("allowed: a file of JSON that can be read");
    });

    it("show one screen", async () => {
      const { stdout, exitCode } = await runJob(["operations", "status"], { environment: rig.environment() });
      expect(exitCode).toBe(0);
      for (const group of [
        "servers and cluster",
        "etcd",
        "PostgreSQL",
        "MinIO",
        "backups",
        "Airflow",
        "streams",
        "rain",
      ])
        expect(stdout).toMatch(new RegExp(`^ok +${group} `, "m"));
      expect(Math.max(...stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(112);
    });

    it("are well again in the end", async () => {
      expect(await rig.examine()).toMatchObject({ score: 100, verdict: "well" });
    });
  },
);
