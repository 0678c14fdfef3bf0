import { Child } from "../../child";
import { type Cluster, serviceAt, startCluster } from "../../kubernetes";
import { layDownTlsMinio, type TlsMinio } from "../../minio/tls";
import { freePort } from "../../postgres/postgres";
import { AirflowApi } from "./api";
import { type PlatformDatabases, startDatabases } from "./databases";
import { ADMIN_PASSWORD, deployedObjects, HOST, type KubernetesManifest } from "./deployed";
import { type Front, startFront } from "./front";
import { airflowImage, jobsImage } from "./images";
import type { Trials } from "./trials";

/** Beside those of a Kubernetes. */
export const AIRFLOW_ON_KUBERNETES_PROGRAMS = ["airflow", "initdb", "ldd", "minio", "openssl"];

const PATIENCE_MS = 1_200_000;

/** Of the logs of finished tasks. */
export const LOG_BUCKET = "airflow-logs";

const STORAGE = { name: "minio", namespace: "minio" };

/** What others need before a workload can run. */
const FIRST = ["Namespace", "PriorityClass", "ServiceAccount", "Secret", "ConfigMap", "Role", "RoleBinding"];

/**
 * Airflow and DataSurface as their components render them, in pods of a real Kubernetes beside a real PostgreSQL and
 * a real MinIO; the images alone are made from what this machine has.
 */
export class AirflowOnKubernetes {
  readonly api: AirflowApi;
  readonly objects: readonly KubernetesManifest[];
  readonly #forward: Child;

  private constructor(
    readonly cluster: Cluster,
    readonly databases: PlatformDatabases,
    readonly storage: TlsMinio,
    objects: readonly KubernetesManifest[],
    forward: Child,
    readonly port: number,
  ) {
    this.objects = objects;
    this.#forward = forward;
    this.api = new AirflowApi(`http://127.0.0.1:${port}`, "admin", ADMIN_PASSWORD);
  }

  static async start(trials: readonly Trials[] = []): Promise<AirflowOnKubernetes> {
    const cluster = await startCluster({ policies: false }); // the databases are beside it
    let databases: PlatformDatabases | undefined;
    let storage: TlsMinio | undefined;
    try {
      databases = await startDatabases(cluster.gateway);
      storage = await layDownTlsMinio([LOG_BUCKET], {
        address: cluster.gateway,
        name: `${STORAGE.name}.${STORAGE.namespace}.svc.cluster.local`,
      });
      await storage.start();
      const images = cluster.folder("own-images");
      const names = await cluster.load(await jobsImage("registry.example/jobs:latest", images));
      const image = names.find((name) => name.includes("@")) ?? "";
      const objects = await deployedObjects({
        ...{ image, trials, servers: [cluster.address] },
        authority: databases.authority,
        logs: { ...storage, region: "us-east-1", bucket: LOG_BUCKET },
      });
      await cluster.load(await airflowImage(`docker.io/${imageOf(objects, "airflow-scheduler")}`, images));
      await deploy(cluster, objects, databases, storage);
      const port = await freePort();
      const forward = new Child("kubectl", [
        ...["--kubeconfig", cluster.kubeconfig, "--namespace", "airflow"],
        ...["port-forward", "service/airflow-api-server", `${port}:8080`],
      ]);
      const airflow = new AirflowOnKubernetes(cluster, databases, storage, objects, forward, port);
      await airflow.api.healthy();
      return airflow;
    } catch (error) {
      const pods = await cluster.kubectl(["get", "pods", "-A", "-o", "wide"]);
      const events = await cluster.kubectl(["get", "events", "-A", "--sort-by=.lastTimestamp"]);
      await databases?.stop();
      await storage?.remove();
      await cluster.stop();
      const told = `${pods.stdout}\n${events.stdout.slice(-3_000)}`;
      throw new Error(`no Airflow: ${error instanceof Error ? error.message : error}\n${told}`, {
        cause: error,
      });
    }
  }

  /** The pods that a DAG's runs have now. */
  async jobPods(dag: string): Promise<string[]> {
    const { items } = await this.cluster.get<{ items: KubernetesManifest[] }>(
      ...["pods", "--namespace", "datasurface", "--selector", `dag_id=${dag}`],
    );
    return items.map(({ metadata }) => metadata.name);
  }

  /** The interface as a browser reaches it. */
  front(): Promise<Front> {
    return startFront(HOST, this.port);
  }

  async stop(): Promise<void> {
    await this.#forward.kill();
    await this.databases.stop();
    await this.storage.remove();
    await this.cluster.stop();
  }
}

function imageOf(objects: readonly KubernetesManifest[], deployment: string): string {
  const found = objects.find(({ kind, metadata }) => kind === "Deployment" && metadata.name === deployment);
  const image = /"image":"([^"]+)"/.exec(JSON.stringify(found))?.[1];
  if (!image) throw new Error(`there is no Deployment ${deployment}`);
  return image;
}

async function deploy(
  cluster: Cluster,
  objects: readonly KubernetesManifest[],
  databases: PlatformDatabases,
  storage: TlsMinio,
) {
  const of = (...kinds: string[]) => objects.filter(({ kind }) => kinds.includes(kind));
  for (const kind of FIRST) await cluster.apply(of(kind));
  const [name = "", namespace = ""] = ["postgres-primary", "postgres"];
  const ports = [{ name: "postgres", port: 5432, targetPort: databases.port }];
  await cluster.apply(serviceAt({ name, namespace, address: cluster.gateway, ports }));
  await cluster.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: STORAGE.namespace } }]);
  const storagePorts = [{ name: "https", port: storage.port }];
  await cluster.apply(serviceAt({ ...STORAGE, address: cluster.gateway, ports: storagePorts }));
  const [migration] = of("Job").filter(({ metadata }) => metadata.namespace === "airflow");
  if (!migration) throw new Error("Airflow has no migration");
  await cluster.apply([migration]);
  await done(cluster, migration);
  await cluster.apply(objects.filter((object) => !FIRST.includes(object.kind) && object !== migration));
  for (const job of of("Job")) await done(cluster, job);
  for (const { metadata } of of("Deployment")) {
    const words = [
      "rollout",
      "status",
      `deployment/${metadata.name}`,
      "--namespace",
      metadata.namespace ?? "",
    ];
    await cluster.run([...words, `--timeout=${PATIENCE_MS / 1000}s`]);
  }
}

async function done(cluster: Cluster, { metadata }: KubernetesManifest): Promise<void> {
  const words = [
    "wait",
    "--for=condition=complete",
    `job/${metadata.name}`,
    "--namespace",
    metadata.namespace ?? "",
  ];
  await cluster.run([...words, `--timeout=${PATIENCE_MS / 1000}s`]);
}
