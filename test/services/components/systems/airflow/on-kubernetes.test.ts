import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AIRFLOW_ON_KUBERNETES_PROGRAMS,
  AirflowOnKubernetes,
  HURRIED,
  IMPATIENT,
  LOG_BUCKET,
  MISTAKEN,
  STARVED,
  TRIALS,
} from "../../../../rigs/airflow/on-kubernetes";
import { BROWSER_PROGRAMS, Browser } from "../../../../rigs/cli/browser";
import { describeOnKubernetes } from "../../../../rigs/kubernetes";
import { eventually } from "../../../../rigs/waiting";

const LIVE = "yellowlive__Store1_ingestion";
const FORENSIC = "yellowforensic__Store1_ingestion";
const DAGS = [
  ...[LIVE, FORENSIC, "yellowlive_infrastructure", "yellowforensic_infrastructure"],
  ...[HURRIED, MISTAKEN, STARVED, IMPATIENT],
];
const WORK = "snapshot_merge_job";
const SCREENSHOTS = ".test-reports/screenshots";

const AGAIN = { [WORK]: "success", reschedule_immediately: "success", wait_for_trigger: "skipped" };
const DONE = { [WORK]: "success", reschedule_immediately: "skipped", wait_for_trigger: "success" };

describeOnKubernetes(
  [...AIRFLOW_ON_KUBERNETES_PROGRAMS, ...BROWSER_PROGRAMS],
  "Airflow in a real Kubernetes, running real jobs",
  () => {
    let airflow: AirflowOnKubernetes;

    /** Runs of DAGs that come to an end of their own, whatever the others do meanwhile. */
    const begun: Record<string, string> = {};

    beforeAll(async () => {
      airflow = await AirflowOnKubernetes.start(TRIALS);
      await airflow.api.known(...DAGS);
      for (const dag of [MISTAKEN, STARVED]) begun[dag] = await airflow.api.trigger(dag);
      for (const dag of [LIVE, FORENSIC]) {
        // Airflow makes up for the last one that was due; two of one stream would meet.
        const [run] = await eventually(`a run of ${dag}`, 600_000, async () => {
          const runs = await airflow.api.runs(dag);
          return runs.length > 0 && runs;
        });
        await airflow.api.ended(dag, run?.dag_run_id ?? "");
      }
    });
    afterAll(async () => airflow?.stop());

    it("knows every DAG without an import error", async () => {
      expect(await airflow.api.importErrors()).toEqual([]);
    });

    it("forks tasks from a process that has loaded what they need, in memory that they share", async () => {
      const { cluster } = airflow;
      const count = "import gc, trellis_loaded; print(gc.get_freeze_count())";
      const said = await cluster.ask("airflow", "deployment/airflow-scheduler", "airflow", [
        "python",
        "-c",
        count,
      ]);
      expect(Number(said)).toBeGreaterThan(100_000);
    });

    it("lets both platforms follow the source that the simulator changes; with result 0 they wait", async () => {
      const { api, cluster, databases } = airflow;
      const customers = () =>
        databases.query<{ id: string }>("customer_db", "SELECT id FROM customers ORDER BY id");
      await eventually(
        "the simulator has made customers",
        600_000,
        async () => (await customers()).length > 3,
      );
      await cluster.run(["scale", "deployment/datasurface-simulator", "--replicas=0", "-n", "datasurface"]);
      await cluster.run([
        ...["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=datasurface-simulator"],
        ...["-n", "datasurface", "--timeout=600s"],
      ]);
      const runs = await Promise.all(
        [LIVE, FORENSIC].map(async (dag) => ({ dag, run: await api.trigger(dag) })),
      );
      for (const { dag, run } of runs) {
        expect(await api.outcome(dag, run)).toMatchObject({ state: "success", tasks: DONE });
        await api.says(dag, run, WORK, /DATASURFACE_RESULT_CODE=0/);
        expect((await api.runs(dag)).filter(({ conf }) => conf?.triggered_by)).toEqual([]);
        expect(await airflow.jobPods(dag)).toEqual([]); // those that succeeded are deleted
      }
      const source = await customers();
      for (const [platform, open] of [
        ["yellowlive", "true"],
        ["yellowforensic", "ds_surf_batch_out = 2147483647"],
      ]) {
        const table = `${platform}_store1_customers_merge`;
        const merged = `SELECT id FROM ${table} WHERE ${open} ORDER BY id`;
        expect(await databases.query("datasurface_merge", merged)).toEqual(source);
      }
    });

    it("runs a DAG again at once after a result of 1, until it is done", async () => {
      const { api } = airflow;
      await api.trigger(HURRIED);
      const ends = await eventually("the last of its runs", 600_000, async () => {
        const runs = await api.runs(HURRIED);
        const ends = [];
        for (const { dag_run_id, conf } of runs) {
          ends.push({ conf, ...(await api.outcome(HURRIED, dag_run_id)) });
        }
        return ends.at(-1)?.tasks.reschedule_immediately !== "success" && ends;
      });
      expect(ends.length).toBeGreaterThan(1);
      for (const [index, end] of ends.entries()) {
        const last = index === ends.length - 1;
        expect(end).toMatchObject({ state: "success", tasks: last ? DONE : AGAIN });
        if (index > 0) expect(end.conf).toEqual({ triggered_by: "reschedule" });
      }
    });

    it("fails a run in the job's own words after a result of -1, and keeps its pod", async () => {
      const { api } = airflow;
      const run = begun[MISTAKEN] ?? "";
      expect(await api.ended(MISTAKEN, run)).toBe("failed");
      await api.says(MISTAKEN, run, WORK, /Could not find datastore in ecosystem: Nowhere/);
      expect(await airflow.jobPods(MISTAKEN)).toHaveLength(1);
    });

    it("tells that a job was killed for its memory", async () => {
      const { api } = airflow;
      const run = begun[STARVED] ?? "";
      expect(await api.ended(STARVED, run)).toBe("failed");
      // Said by the job, or by Kubernetes where nobody of the job was left.
      await api.says(STARVED, run, WORK, /out of memory|OOMKilled/);
    });

    it("ends a job that outlives its time", async () => {
      const { api, databases } = airflow;
      const ledger = "LOCK TABLE yellowlive_batch_counter, yellowlive_batch_metrics IN ACCESS EXCLUSIVE MODE";
      const run = await databases.during("datasurface_merge", ledger, async () => {
        const run = await api.trigger(IMPATIENT);
        expect(await api.ended(IMPATIENT, run)).toBe("failed");
        return run;
      });
      await api.says(IMPATIENT, run, WORK, /DeadlineExceeded/);
    });

    it("continues the batch of a job whose pod is killed, in another pod of the same run", async () => {
      const { api, databases } = airflow;
      const batch = async (which: string) => {
        const found = `SELECT batch_id AS id, batch_status AS status FROM yellowlive_batch_metrics ${which}`;
        return (await databases.query<{ id: string; status: string }>("datasurface_merge", found))[0];
      };
      const { run, open } = await withoutMerging(async () => {
        const run = await api.trigger(LIVE);
        const session = await waits("YellowLive", "datasurface_merge");
        await api.reaches(LIVE, run, WORK, "deferred");
        await kill("datasurface", `dag_id=${LIVE}`);
        await eventually("the killed job is gone", 600_000, async () => {
          const found = `SELECT FROM pg_stat_activity WHERE pid = ${session}`;
          return (await databases.query("datasurface_merge", found)).length === 0;
        });
        return { run, open: await batch("ORDER BY batch_id DESC LIMIT 1") };
      });
      expect(open?.status).not.toBe("committed");
      expect(await api.outcome(LIVE, run)).toMatchObject({ state: "success", tasks: DONE });
      expect(await batch(`WHERE batch_id = ${open?.id}`)).toMatchObject({ status: "committed" });
    });

    it("goes on with a run when the scheduler is killed in its middle, and with it no log is lost", async () => {
      const { api } = airflow;
      const run = await withoutSource(async () => {
        const run = await api.trigger(FORENSIC);
        await waitsForSource("YellowForensic");
        await api.reaches(FORENSIC, run, WORK, "deferred");
        await kill("airflow", "app.kubernetes.io/name=airflow-scheduler");
        return run;
      });
      expect(await api.outcome(FORENSIC, run)).toMatchObject({ state: "success", tasks: DONE });
      const tries = (await api.taskInstances(FORENSIC, run)).map(({ try_number }) => try_number);
      expect(Math.max(...tries)).toBe(1);
      const [earlier] = await api.runs(FORENSIC); // its task ran in the pod that is gone
      await api.says(FORENSIC, earlier?.dag_run_id ?? "", WORK, new RegExp(`s3://${LOG_BUCKET}/`));
      await api.says(FORENSIC, earlier?.dag_run_id ?? "", WORK, /DATASURFACE_RESULT_CODE=/);
    });

    it("ends the job of a run that is marked failed, and lets it run again when it is cleared", async () => {
      const { api } = airflow;
      const run = await withoutSource(async () => {
        const run = await api.trigger(FORENSIC);
        await waitsForSource("YellowForensic");
        await api.reaches(FORENSIC, run, WORK, "deferred");
        await api.mark(FORENSIC, run, "failed");
        expect(await api.ended(FORENSIC, run)).toBe("failed");
        await eventually(
          "its pod is gone",
          600_000,
          async () => (await airflow.jobPods(FORENSIC)).length === 0,
        );
        return run;
      });
      await api.clear(FORENSIC, run);
      expect(await api.outcome(FORENSIC, run)).toMatchObject({ state: "success", tasks: DONE });
    });

    it("can run nothing with a right less than its role has, and goes on once it has it", async () => {
      const { api, cluster } = airflow;
      const role = airflow.objects.find(
        ({ kind, metadata }) => kind === "Role" && metadata.name === "airflow-runs-jobs",
      );
      if (!role) throw new Error("DataSurface has no role for Airflow");
      await cluster.apply([JSON.parse(JSON.stringify(role).replace('"create",', ""))]);
      const run = await api.trigger(LIVE);
      try {
        await api.tried(LIVE, run, WORK);
        await api.says(LIVE, run, WORK, /cannot create resource/, "first");
      } finally {
        await cluster.apply([role]);
      }
      expect(await api.outcome(LIVE, run)).toMatchObject({ state: "success", tasks: DONE });
    });

    it("shows a login page, and the grid of a finished run, in a browser", async () => {
      const { api } = airflow;
      const [run] = (await api.runs(LIVE)).filter(({ state }) => state === "success");
      const front = await airflow.front();
      const address = `https://${front.host}`;
      const browser = await Browser.start(front);
      try {
        await browser.open(address, "Sign In");
        await browser.picture(`${SCREENSHOTS}/airflow-login.png`);
        await browser.fill("input[name=username]", api.user);
        await browser.fill("input[name=password]", api.password);
        await browser.press("input[type=submit]");
        await browser.shows("Dags");
        await browser.open(`${address}/dags/${LIVE}/runs/${encodeURIComponent(run?.dag_run_id ?? "")}`, WORK);
        await browser.shows("wait_for_trigger");
        await browser.picture(`${SCREENSHOTS}/airflow-grid.png`);
      } finally {
        await browser.stop();
        await front.stop();
      }
    });

    /** Lets no job read the source meanwhile. */
    const withoutSource = <T>(meanwhile: () => Promise<T>): Promise<T> =>
      airflow.databases.during("customer_db", "LOCK TABLE customers IN ACCESS EXCLUSIVE MODE", meanwhile);

    const withoutMerging = <T>(meanwhile: () => Promise<T>): Promise<T> =>
      airflow.databases.during(
        "datasurface_merge",
        "LOCK TABLE yellowlive_store1_customers_merge IN SHARE MODE",
        meanwhile,
      );

    /** It judges the source before it begins a batch, and cannot. Answers its session. */
    const waitsForSource = (platform: string) => waits(platform, "customer_db");

    const waits = (platform: string, database: string) =>
      eventually(`a job of ${platform} waits in ${database}`, 600_000, async () => {
        const waiting = `SELECT pid FROM pg_stat_activity
          WHERE wait_event_type = 'Lock' AND application_name LIKE 'datasurface ${platform} %'`;
        return (await airflow.databases.query<{ pid: number }>(database, waiting))[0]?.pid;
      });

    const kill = (namespace: string, label: string) =>
      airflow.cluster.run([
        ...["delete", "pod", "--namespace", namespace, "--selector", label],
        ...["--grace-period=0", "--force"],
      ]);
  },
);
