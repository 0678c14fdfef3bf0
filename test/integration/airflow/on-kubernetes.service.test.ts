import { afterAll, beforeAll, expect, it } from "vitest";
import {
  AIRFLOW_ON_KUBERNETES_PROGRAMS,
  AirflowOnKubernetes,
  type Trials,
} from "../../support/airflow-on-kubernetes";
import { describeOnKubernetes } from "../../support/kubernetes";
import { eventually } from "../../support/waiting";

const LIVE = "yellowlive__Store1_ingestion";
const FORENSIC = "yellowforensic__Store1_ingestion";
const WORK = "snapshot_merge_job";

const TRIALS: readonly Trials[] = [
  {
    name: "trials",
    jobs: (stream) => [
      {
        ...stream,
        dag: "mistaken",
        schedule: null,
        arguments: stream.arguments.map((word) => (word === "Store1" ? "Nowhere" : word)),
      },
    ],
  },
];

describeOnKubernetes(
  AIRFLOW_ON_KUBERNETES_PROGRAMS,
  "Airflow in a real Kubernetes, running real jobs",
  () => {
    let airflow: AirflowOnKubernetes;

    beforeAll(async () => {
      airflow = await AirflowOnKubernetes.start(TRIALS);
    });
    afterAll(async () => airflow?.stop());

    it("knows the DAGs of both platforms, without an import error", async () => {
      const { api } = airflow;
      await eventually("the DAGs are known", 300_000, async () => (await api.dags()).length >= 6);
      expect(await api.dags()).toEqual(expect.arrayContaining([LIVE, FORENSIC, "yellowlive_infrastructure"]));
      expect(await api.importErrors()).toEqual([]);
    });

    it("lets both platforms follow the source that the simulator changes, with result 0", async () => {
      const { api, cluster, databases } = airflow;
      const customers = () =>
        databases.query<{ id: string }>("customer_db", "SELECT id FROM customers ORDER BY id");
      await eventually(
        "the simulator has made customers",
        300_000,
        async () => (await customers()).length > 3,
      );
      await cluster.run(["scale", "deployment/datasurface-simulator", "--replicas=0", "-n", "datasurface"]);
      await cluster.run([
        ...["wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=datasurface-simulator"],
        ...["-n", "datasurface", "--timeout=300s"],
      ]);
      const runs = await Promise.all(
        [LIVE, FORENSIC].map(async (dag) => ({ dag, run: await api.trigger(dag) })),
      );
      for (const { dag, run } of runs) {
        expect(await api.ended(dag, run), await failureOf(dag, run)).toBe("success");
        expect(await api.tasks(dag, run)).toMatchObject({
          [WORK]: "success",
          wait_for_trigger: "success",
          reschedule_immediately: "skipped",
        });
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
      expect([...(await jobPods(LIVE)), ...(await jobPods(FORENSIC))]).toEqual([]); // those that succeeded are deleted
    });

    it("shows the job's own log beside the task", async () => {
      const [run] = await airflow.api.runs(LIVE);
      expect(await airflow.api.log(LIVE, run?.dag_run_id ?? "", WORK)).toContain("DATASURFACE_RESULT_CODE=0");
    });

    it("fails a run in the job's own words after a result of -1, and keeps its pod", async () => {
      const { api } = airflow;
      const run = await api.trigger("mistaken");
      expect(await api.ended("mistaken", run)).toBe("failed");
      expect(await api.log("mistaken", run, WORK)).toContain(
        "Could not find datastore in ecosystem: Nowhere",
      );
      expect(await jobPods("mistaken")).toHaveLength(1);
    });

    it("can run nothing with a right less than its role has", async () => {
      const { api, cluster } = airflow;
      const role = airflow.objects.find(
        ({ kind, metadata }) => kind === "Role" && metadata.name === "airflow-runs-jobs",
      );
      if (!role) throw new Error("DataSurface has no role for Airflow");
      const less = JSON.parse(JSON.stringify(role).replace('"create",', ""));
      await cluster.apply([less]);
      const run = await api.trigger(LIVE);
      expect(await api.ended(LIVE, run)).toBe("failed");
      expect(await api.log(LIVE, run, WORK)).toMatch(/cannot create resource/);
      await cluster.apply([role]);
    });

    const jobPods = async (dag: string): Promise<string[]> => {
      const { items } = await airflow.cluster.get<{ items: { metadata: { name: string } }[] }>(
        ...["pods", "-n", "datasurface", "-l", `dag_id=${dag}`],
      );
      return items.map(({ metadata }) => metadata.name);
    };

    const failureOf = async (dag: string, run: string): Promise<string> =>
      JSON.stringify(await airflow.api.tasks(dag, run));
  },
);
