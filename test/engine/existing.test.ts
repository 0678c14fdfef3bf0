import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { CLOCKS, PATHS } from "../../components/data/postgres";
import type { AirflowApi } from "../rigs/airflow/on-kubernetes";
import { changes } from "../rigs/engine";
import { describeOnKubernetes } from "../rigs/kubernetes";
import { IMAGE_PROGRAMS } from "../rigs/kubernetes/image";
import { PLATFORM_ON_KUBERNETES_PROGRAMS, PlatformOnKubernetes } from "../rigs/platform/on-kubernetes";
import { declaredAddresses, endAskers, reachedBy, startAskers } from "../rigs/platform/on-kubernetes/reach";
import { eventually } from "../rigs/waiting";

const LIVE = "yellowlive__Store1_ingestion";
const INFRASTRUCTURE = "yellowlive_infrastructure";
const DATASETS = ["customers", "addresses"];

/** One of it may make all, or take all away; alone on this machine it needs a fifth. */
const LONG_MS = 1_500_000;

describeOnKubernetes(
  [...PLATFORM_ON_KUBERNETES_PROGRAMS, ...IMAGE_PROGRAMS],
  "the whole platform, by the real engine, on a real Kubernetes that others look after",
  () => {
    let platform: PlatformOnKubernetes;
    let before: readonly string[];
    let password: string;

    beforeAll(async () => {
      platform = await PlatformOnKubernetes.start();
      before = await platform.objects();
    }, LONG_MS);
    afterAll(async () => platform?.stop(), LONG_MS);
    beforeEach(({ onTestFailed }) => onTestFailed(async () => console.error(await platform.standing())));

    it("is previewed whole, and nothing is made by that", async () => {
      const preview = changes(await platform.preview());
      expect(new Set(preview.map(({ op }) => op))).toEqual(new Set(["create"]));
      expect(preview.filter(({ type }) => type.startsWith("kubernetes:")).length).toBeGreaterThan(100);
      expect(await platform.objects()).toEqual(before);
    }, 600_000);

    it(
      "is made in one run, which ends once every Deployment, StatefulSet and Job is ready",
      async () => {
        const { outputs } = await platform.up();
        expect(outputs.airflowAdminPassword?.secret).toBe(true);
        password = outputs.airflowAdminPassword?.value;
        const kinds = platform.engine
          .cloud("kubernetes")
          .all()
          .map(({ type }) => type.split(":").at(-1));
        expect(kinds).toEqual(expect.arrayContaining(["Deployment", "StatefulSet", "Job", "CronJob"]));
      },
      LONG_MS,
    );

    it(
      "changes nothing in a second run",
      async () => {
        expect(changes(await platform.up())).toEqual([]);
      },
      LONG_MS,
    );

    it(
      "lets in who has business there, and nobody else",
      async () => {
        const { cluster } = platform;
        const listening = await declaredAddresses(cluster, [
          "airflow",
          "postgres",
          "rain-tracker",
          "storage",
        ]);
        const primary = await cluster.get<{ spec: { clusterIP: string } }>(
          ...["service", "postgres-primary", "--namespace", "postgres"],
        );
        const postgres = `${primary.spec.clusterIP}:5432`;
        try {
          await startAskers(cluster, postgres);
          const standing = await reachedBy(cluster, "node", listening); // a kubelet may ask everybody
          expect(standing.length).toBeGreaterThan(20);
          expect(await reachedBy(cluster, "stranger", standing)).toEqual([]);
          const friendly = await reachedBy(cluster, "friend", standing);
          expect(friendly).toContain(postgres);
          expect(friendly.filter((address) => !address.endsWith(":5432"))).toEqual([]);
          const api = [`${cluster.address}:6443`];
          expect(await reachedBy(cluster, "stranger", api)).toEqual(api);
          expect(await reachedBy(cluster, "friend", api)).toEqual([]);
        } finally {
          await endAskers(cluster);
        }
      },
      LONG_MS,
    );

    it(
      "brings what the simulator writes, through Airflow's jobs, into the merge database, row by row",
      async () => {
        const airflow = await platform.airflow(password);
        await airflow.known(LIVE, INFRASTRUCTURE);
        expect(await airflow.importErrors()).toEqual([]);
        expect(await airflow.ended(INFRASTRUCTURE, await airflow.trigger(INFRASTRUCTURE))).toBe("success");
        await firstRunsEnd(airflow);
        const customers = () => platform.query("customer_db", "SELECT FROM customers");
        await eventually("there are customers", LONG_MS, async () => (await customers()).length > 3, 1_000);
        await stopSimulator();

        const run = await airflow.trigger(LIVE);
        const state = await airflow.ended(LIVE, run);
        expect(state, await airflow.story(LIVE, run)).toBe("success");
        for (const words of [/s3:\/\/airflow-logs\//, /DATASURFACE_RESULT_CODE=0/]) {
          await airflow.says(LIVE, run, "snapshot_merge_job", words);
        }

        const batches = await platform.query(
          "datasurface_merge",
          "SELECT batch_status AS status FROM yellowlive_batch_metrics ORDER BY batch_id DESC LIMIT 1",
        );
        expect(batches).toEqual([{ status: "committed" }]);
        for (const dataset of DATASETS) {
          const source = await platform.query<object>("customer_db", `SELECT * FROM ${dataset} ORDER BY id`);
          expect(source.length).toBeGreaterThan(3);
          const columns = Object.keys(source[0] ?? {}).join(", ");
          const merged = `SELECT ${columns} FROM yellowlive_store1_${dataset}_merge ORDER BY id`;
          expect(await platform.query("datasurface_merge", merged)).toEqual(source);
        }
      },
      LONG_MS,
    );

    it(
      "checks itself from a pod of its own, which reaches what it asks and keeps what it found",
      async () => {
        const words = ["operations", "health", "--scheduled", "--with-json"];
        const said = await platform.runJob("operations-health", words, "operations");
        const [, json = "{}"] = /^HEALTH_REPORT=(.*)$/m.exec(said) ?? [];
        const { checks = [] }: { checks?: { id: string; outcome: string; detail: string }[] } =
          JSON.parse(json);
        expect(checks.length, said).toBeGreaterThan(50);
        expect(checks.filter(({ detail }) => detail.startsWith("the check itself failed"))).toEqual([]);
        const reached = ["kubernetes.api", "postgres.leader", "postgres.primary", "objects.answers"];
        expect(
          checks.filter(({ id }) => reached.includes(id)).map(({ id, outcome }) => [id, outcome]),
        ).toEqual(expect.arrayContaining(reached.map((id) => [id, "ok"])));
        const { data } = await platform.cluster.get<{ data: Record<string, string> }>(
          ...["configmap", "operations-history", "--namespace", "operations"],
        );
        expect(JSON.parse(data["newest.json"] ?? "{}").checks).toHaveLength(checks.length);
      },
      LONG_MS,
    );

    it(
      "makes a backup into its object storage, reads it back, and lists it as whole",
      async () => {
        await platform.runJob("backup-create");
        await platform.runJob("backup-verify");
        const listed = await platform.runJob("backup-monitor", ["backup", "list", "--json"]);
        const backups: object[] = JSON.parse(/^\[$.*^\]$/ms.exec(listed)?.[0] ?? "[]"); // log lines stand before it
        const databases = expect.arrayContaining(["customer_db", "airflow_db"]);
        const whole = { state: "good", verifiedAt: expect.any(String), databases };
        expect(backups).toContainEqual(expect.objectContaining(whole)); // its hour may just have made another
        await platform.runJob("backup-drill");
      },
      LONG_MS,
    );

    it(
      "goes on without its etcd, and makes its keys anew in one that is empty",
      async () => {
        const place = ["--namespace", "postgres"];
        const etcd = "--selector=app.kubernetes.io/name=etcd";
        const scale = (members: number) =>
          platform.cluster.run(["scale", "statefulset/etcd", `--replicas=${members}`, ...place]);
        const leader = await platform.leader();
        await platform.execute("customer_db", "CREATE TABLE written (at timestamptz)", leader);

        await scale(0);
        await platform.cluster.run(["wait", "--for=delete", "pod", etcd, ...place, "--timeout=600s"]);
        const leaseIsOver = Date.now() + 2 * CLOCKS.standard.ttl * 1000;
        let acknowledged = 0;
        for (; Date.now() < leaseIsOver; acknowledged++) {
          await platform.execute("customer_db", "INSERT INTO written VALUES (now())", leader);
        }
        await platform.cluster.run(["delete", "persistentvolumeclaim", etcd, ...place]);
        await scale(3);

        await eventually("both members are known again", LONG_MS, async () => {
          const members = await platform.members();
          return members.length === 2 && members.every(({ State }) => /running|streaming/.test(State));
        });
        expect(await platform.query("customer_db", "SELECT FROM written")).toHaveLength(acknowledged);
      },
      LONG_MS,
    );

    it(
      "fills a new volume for the member whose volume was lost with its server",
      async () => {
        const { pod: leader } = await platform.leader();
        const replica = leader === "postgres-0" ? "postgres-1" : "postgres-0";
        await platform.execute("customer_db", "CREATE TABLE kept AS SELECT 1 AS one");
        expect(await platform.volumes()).toEqual({
          code: 0,
          said: "no pod waits for a volume that is lost\n",
        });

        await platform.loseVolume(replica);
        const listed = await eventually("the volume is listed as lost", LONG_MS, async () => {
          const { code, said } = await platform.volumes();
          return code === 1 && said;
        });
        expect(listed).toContain(`postgres/data-${replica} is lost`);
        const { spec } = await platform.cluster.get<{ spec: { nodeName: string } }>(
          ...["pod", leader, "--namespace", "postgres"],
        );
        const refused = await platform.volumes("renew", spec.nodeName);
        expect(refused).toMatchObject({ code: 1, said: expect.stringContaining("is a disk not mounted?") });

        const renewed = await platform.volumes("renew", `postgres/data-${replica}`);
        expect(renewed.said).toMatch(/: whole after \d+ s\n$/);
        expect(renewed.code).toBe(0);
        const standby = { pod: replica, container: "postgres", sockets: PATHS.sockets };
        await eventually("the row is there", LONG_MS, async () => {
          const rows = await platform.query("customer_db", "SELECT one FROM kept", standby);
          return rows.length === 1;
        });
      },
      LONG_MS,
    );

    it(
      "shows a moment of the past, before all rows of a table were lost, beside the running cluster",
      async () => {
        const first = ["job/postgres-base-backup-first", "--namespace", "postgres"];
        await platform.cluster.run(["wait", "--for=condition=complete", ...first, "--timeout=1200s"]);
        const addresses = "SELECT * FROM addresses ORDER BY id";
        const before = await platform.query("customer_db", addresses);
        const [moment] = await platform.query<{ at: string }>(
          "customer_db",
          "SELECT clock_timestamp() AS at",
        );
        await platform.execute("customer_db", "DELETE FROM addresses");
        await platform.execute("customer_db", "SELECT pg_switch_wal()"); // or it is archived half a minute later

        const recovered = await platform.recover(moment?.at ?? "");

        expect(await platform.query("customer_db", addresses, recovered)).toEqual(before);
        expect(await platform.query("customer_db", addresses)).toEqual([]);
      },
      LONG_MS,
    );

    it(
      "is taken away whole: the cluster has what it had before",
      async () => {
        await platform.destroy();
        expect(await platform.objects()).toEqual(before);
      },
      LONG_MS,
    );

    /** Airflow makes up for the last run that was due; two of one stream would meet. */
    async function firstRunsEnd(airflow: AirflowApi): Promise<void> {
      const [run] = await eventually(`a run of ${LIVE}`, LONG_MS, async () => {
        const runs = await airflow.runs(LIVE);
        return runs.length > 0 && runs;
      });
      await airflow.ended(LIVE, run?.dag_run_id ?? "");
    }

    async function stopSimulator(): Promise<void> {
      const place = ["--namespace", "datasurface"];
      await platform.cluster.run(["scale", "deployment/datasurface-simulator", "--replicas=0", ...place]);
      await platform.cluster.run([
        ...["wait", "--for=delete", "pod", "--selector=app.kubernetes.io/name=datasurface-simulator"],
        ...[...place, "--timeout=600s"],
      ]);
    }
  },
);
