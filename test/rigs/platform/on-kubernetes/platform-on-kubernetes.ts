import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { PATHS } from "../../../../components/data/postgres/paths";
import platform from "../../../../index";
import { AirflowApi, writeQuietModel } from "../../airflow/on-kubernetes";
import { Child } from "../../child";
import { type Engine, type Run, startEngine } from "../../engine";
import { type Cluster, startCluster } from "../../kubernetes";
import type { ImageName } from "../../kubernetes/image";
import { freePort } from "../../postgres/postgres";
import { program } from "../../programs";
import { eventually } from "../../waiting";
import { evaluatePlatform } from "../platform";
import { repository as checkout, rawSettings, withValue } from "../stacks";
import { layOthersImages, layOwnImage } from "./images";

/** Beside those of a Kubernetes and of the images. */
export const PLATFORM_ON_KUBERNETES_PROGRAMS = ["pulumi", "airflow", "minio", "etcdctl", "etcdutl", "ldd"];

const PATIENCE_MS = 1_200_000;

/** The images that the program builds, as its repositories end. */
const OWN_IMAGES: readonly ImageName[] = ["jobs", "postgres", "recovery"];

/** What a cluster may hold of the platform beyond its namespaces, and what is in namespaces. */
const KINDS = {
  cluster: ["namespaces", "priorityclasses", "clusterroles", "clusterrolebindings", "storageclasses"],
  namespaced: [
    ...["configmaps", "secrets", "services", "roles", "rolebindings", "networkpolicies", "resourcequotas"],
    ...["pods", "deployments", "statefulsets", "jobs", "cronjobs", "persistentvolumeclaims", "ingresses"],
  ],
};

/** A container with a PostgreSQL, and where its sockets are. */
interface PostgresPod {
  readonly pod: string;
  readonly container: string;
  readonly sockets: string;
}

const memberOf = (pod: string): PostgresPod => ({ pod, container: "postgres", sockets: PATHS.sockets });
const RECOVERY: PostgresPod = {
  pod: "deployment/postgres-recovery",
  container: "recovery",
  sockets: "/var/lib/postgresql/recovery/data/recovery-socket",
};

const psql = ({ sockets }: PostgresPod, database: string, command: string) => [
  ...[`${PATHS.programs}/psql`, "--host", sockets, "--username", "postgres", "--dbname", database],
  ...["--no-psqlrc", "--tuples-only", "--no-align", "--command", command],
];

/**
 * The whole platform on a cluster that others look after: a real Kubernetes of one node with all images laid on it, and the
 * real engine, whose `up` waits until all that it made does its work.
 */
export class PlatformOnKubernetes {
  readonly #forwards: Child[] = [];

  private constructor(
    readonly cluster: Cluster,
    readonly engine: Engine,
    private readonly model: string,
  ) {}

  static async start(): Promise<PlatformOnKubernetes> {
    const reports = join(checkout, ".test-reports"); // a model lies within the project
    mkdirSync(reports, { recursive: true });
    const model = mkdtempSync(join(reports, "model-"));
    let cluster: Cluster | undefined;
    let engine: Engine | undefined;
    try {
      writeQuietModel(model);
      cluster = await startCluster({ volumes: 16 });
      const settings = settingsOn(cluster, relative(checkout, model));
      engine = await startEngine({
        stack: "existing",
        config: { "trellis:settings": settings },
        secrets: { "trellis:kubeconfig": readFileSync(cluster.kubeconfig, "utf8") },
      });
      engine.cloud("kubernetes").connect({ awaits: true });
      engine.cloud("docker-build").holds(await layImages(cluster, settings));
      return new PlatformOnKubernetes(cluster, engine, model);
    } catch (error) {
      engine?.close();
      await cluster?.stop();
      rmSync(model, { recursive: true, force: true });
      throw error;
    }
  }

  preview(): Promise<Run> {
    return this.engine.preview(platform);
  }

  up(): Promise<Run> {
    return this.engine.up(platform);
  }

  destroy(): Promise<Run> {
    return this.engine.destroy(platform);
  }

  /** All objects of the kinds that the platform makes, whoever made them. */
  async objects(): Promise<string[]> {
    const list = (kinds: readonly string[], columns: string) =>
      this.cluster.run([
        ...["get", kinds.join(","), "--all-namespaces", "--no-headers"],
        ...["--output", `custom-columns=${columns}`],
      ]);
    const cluster = await list(KINDS.cluster, "K:.kind,N:.metadata.name");
    const namespaced = await list(KINDS.namespaced, "K:.kind,S:.metadata.namespace,N:.metadata.name");
    return `${cluster}${namespaced}`
      .split("\n")
      .map((line) => line.trim().replace(/\s+/g, " "))
      .filter(Boolean)
      .sort();
  }

  /** Airflow's interface, to its first user. */
  async airflow(password: string): Promise<AirflowApi> {
    const port = await freePort();
    this.#forwards.push(
      new Child("kubectl", [
        ...["--kubeconfig", this.cluster.kubeconfig, "--namespace", "airflow"],
        ...["port-forward", "service/airflow-api-server", `${port}:8080`],
      ]),
    );
    const api = new AirflowApi(`http://127.0.0.1:${port}`, "admin", password);
    await api.healthy();
    return api;
  }

  /** The members of PostgreSQL, as Patroni lists them. */
  async members(): Promise<PatroniMember[]> {
    const { pod, container } = memberOf("postgres-0");
    const list = ["--config-file", `${PATHS.config}/patroni.yml`, "list", "--format", "json"];
    const answer = await this.cluster.ask("postgres", pod, container, ["patronictl", ...list]);
    return JSON.parse(answer) as PatroniMember[]; // as Patroni documents it
  }

  /** What the leader, or another server, answers to its own superuser. The caller says what it reads. */
  async query<Row>(database: string, sql: string, server?: PostgresPod): Promise<Row[]> {
    const asked = server ?? (await this.leader());
    const rows = `SELECT coalesce(json_agg(found), '[]') FROM (${sql}) AS found`;
    const answer = await this.cluster.ask(
      "postgres",
      asked.pod,
      asked.container,
      psql(asked, database, rows),
    );
    return JSON.parse(answer) as Row[];
  }

  /** Runs a command that is no query. */
  async execute(database: string, sql: string, server?: PostgresPod): Promise<void> {
    const told = server ?? (await this.leader());
    await this.cluster.run([
      ...["exec", told.pod, "--namespace", "postgres", "--container", told.container, "--"],
      ...psql(told, database, sql),
    ]);
  }

  /** Where PostgreSQL takes writes. */
  leader(): Promise<PostgresPod> {
    return eventually("PostgreSQL has a leader", PATIENCE_MS, async () => {
      const leader = (await this.members()).find(({ Role }) => Role === "Leader");
      return leader && memberOf(leader.Member);
    });
  }

  /** Shows a moment of the past, as the runbook says, and answers where. */
  async recover(moment: string): Promise<PostgresPod> {
    const place = ["--namespace", "postgres"];
    await this.cluster.run(["set", "env", RECOVERY.pod, `PITR_TO=${moment}`, ...place]);
    await this.cluster.run(["scale", RECOVERY.pod, "--replicas=1", ...place]);
    await eventually(
      "the recovered server listens",
      PATIENCE_MS,
      async () => {
        const said = await this.cluster.run(["logs", RECOVERY.pod, "--tail=100", ...place]);
        if (!said.includes("the server listens")) throw new Error(said);
        return true;
      },
      1_000,
    );
    return RECOVERY;
  }

  /** Takes away the folder of a member's volume, as a server does that is replaced, and ends the pod. */
  async loseVolume(member: string): Promise<void> {
    const place = ["--namespace", "postgres"];
    const { spec } = await this.cluster.get<{ spec: { volumeName: string } }>(
      ...["persistentvolumeclaim", `data-${member}`, ...place],
    );
    const { spec: volume } = await this.cluster.get<{ spec: { local: { path: string } } }>(
      ...["persistentvolume", spec.volumeName],
    );
    renameSync(volume.local.path, `${volume.local.path}.lost`); // the running pod keeps it until it ends
    await this.cluster.run(["delete", "pod", member, ...place]);
  }

  /** Runs `npm run volumes` as an operator does. */
  volumes(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
    const line = ["cli/trellis.mjs", "volumes", ...words];
    const env = { ...process.env, PATH: `${dirname(program("kubectl"))}:${process.env.PATH}` };
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [...line, "--kubeconfig", this.cluster.kubeconfig],
        { cwd: checkout, env },
        (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), said: stdout + stderr }),
      );
    });
  }

  /** Runs the Job of a CronJob now, with other words where they are given, and answers what it printed. */
  async runJob(cronJob: string, words?: readonly string[], namespace = "postgres"): Promise<string> {
    const name = `${words?.at(-1)?.replaceAll(/\W/g, "") ?? "now"}-${cronJob}`;
    const place = ["--namespace", namespace];
    const made = await this.cluster.run([
      ...["create", "job", name, `--from=cronjob/${cronJob}`, ...place],
      ...["--dry-run=client", "--output=json"],
    ]);
    const job: JobManifest = JSON.parse(made);
    const [container] = job.spec.template.spec.containers;
    if (words && container) container.args = words;
    await this.cluster.apply([job]);
    const end = await eventually(
      `Job ${name} ends`,
      PATIENCE_MS,
      async () => {
        const { status } = await this.cluster.get<JobManifest>("job", name, ...place);
        return status?.conditions?.find(
          ({ type, status: is }) => ["Complete", "Failed"].includes(type) && is === "True",
        );
      },
      500,
    );
    const said = await this.cluster.run(["logs", `job/${name}`, "--tail=200", ...place]);
    if (end.type === "Failed") throw new Error(`Job ${name} failed: ${end.message}\n${said}`);
    return said;
  }

  /** How everything stands, for whoever reads why a test failed. */
  async standing(): Promise<string> {
    const told = await Promise.all([
      this.cluster.run(["get", "pods", "--all-namespaces", "--output=wide"]),
      this.cluster.run(["get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"]),
    ]);
    return told.map((each) => each.slice(-6_000)).join("\n");
  }

  async stop(): Promise<void> {
    for (const forward of this.#forwards) await forward.kill();
    this.engine.close();
    await this.cluster.stop();
    rmSync(this.model, { recursive: true, force: true });
  }
}

interface PatroniMember {
  readonly Member: string;
  readonly Role: string;
  readonly State: string;
}

interface JobManifest {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: { args?: readonly string[] }[] } };
  };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

/** Those of our dev stack, on a cluster that is there, with a second member of PostgreSQL where there is room. */
function settingsOn(cluster: Cluster, model: string): Record<string, unknown> {
  const changes = {
    target: { kind: "existing", nodes: [`${cluster.address}/32`], protection: false }, // it is destroyed in the end
    postgres: { replicas: 2, cpuMillis: 100 },
    "datasurface.model": model,
    "datasurface.simulator.changesPerSecond": 5,
  };
  return Object.entries(changes).reduce(
    (settings, [path, value]) => withValue(settings, path, value),
    rawSettings("dev"),
  );
}

/** Lays every image on the node that the program's pods ask for, and answers the digests of its own by repository. */
async function layImages(
  cluster: Cluster,
  settings: Record<string, unknown>,
): Promise<Record<string, string>> {
  const { resources } = await evaluatePlatform(settings);
  const declared = resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
  const names = [...JSON.stringify(declared).matchAll(/"image":"([^"]+)"/g)].map(([, name = ""]) => name);
  const { repository } = settings.images as { repository: string }; // the schema has taken it
  const own = (name: string) => OWN_IMAGES.some((image) => name.startsWith(`${repository}-${image}@`));
  await layOthersImages(cluster, [...new Set(names.filter((name) => !own(name)))]);
  const digests: Record<string, string> = {};
  for (const image of OWN_IMAGES) {
    const name = `${repository}-${image}`;
    digests[name] = await layOwnImage(cluster, name, image);
  }
  return digests;
}
