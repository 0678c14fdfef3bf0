import { randomBytes } from "node:crypto";
import { Foundation } from "../../../../components/cluster";
import { DATA_NAMESPACES } from "../../../../components/data";
import type { ObjectStoreAccess } from "../../../../components/data/minio";
import { SYSTEM_NAMESPACES } from "../../../../components/systems";
import { Airflow, dagFiles, type PlatformDags, POD_RUNNERS } from "../../../../components/systems/airflow";
import { DATASURFACE, DataSurface, dataSurfaceDags } from "../../../../components/systems/datasurface";
import type { Model } from "../../../../jobs/datasurface/model";
import { ingestionJobs, streamsFile, streamsFileName } from "../../../../jobs/datasurface/stream-list";
import { evaluateStack } from "../../evaluate";
import { DATABASES, LOGIN, SERVER } from "./databases";
import { quietModel } from "./quiet-model";
import type { Trials } from "./trials";

export interface KubernetesManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface DeployedArgs {
  readonly image: string;
  /** The addresses of the servers. */
  readonly servers: readonly string[];
  /** Of the database server's certificate. */
  readonly authority: string;
  /** Where logs are kept. */
  readonly logs: ObjectStoreAccess;
  readonly trials: readonly Trials[];
}

/** The name of Airflow's interface. */
export const HOST = "airflow.example.com";

/** The password of Airflow's first user. */
export const ADMIN_PASSWORD = randomBytes(12).toString("hex");

/** All that the components declare for the acceptance model, with real secrets in it, to be applied in this order. */
export async function deployedObjects({
  image,
  servers,
  authority,
  logs,
  trials,
}: DeployedArgs): Promise<KubernetesManifest[]> {
  const { model, files } = quietModel();
  const bound = { ...LOGIN, hosts: [`${SERVER}:5432`], sslmode: "verify-full" } as const;
  const connection = `postgres://${LOGIN.user}:${LOGIN.password}@${SERVER}:5432/${DATABASES[2]}`;
  const { resources } = await evaluateStack({
    program: () => {
      const { namespaces } = new Foundation("foundation", {
        environment: "dev",
        namespaces: { ...DATA_NAMESPACES, ...SYSTEM_NAMESPACES },
        servers: { at: servers },
      });
      const dataSurface = new DataSurface("datasurface", {
        monitoring: false,
        namespace: namespaces.datasurface,
        model,
        origin: { files },
        image,
        mergeHost: SERVER,
        authorities: authority,
        credentials: { postgres: bound, customers: bound },
        airflow: { namespace: namespaces.airflow, accounts: POD_RUNNERS },
        simulator: {
          replicas: 1,
          changesPerSecond: 5,
          source: { host: SERVER, database: "customer_db" },
          login: LOGIN,
        },
      });
      new Airflow("airflow", {
        monitoring: false,
        namespace: namespaces.airflow,
        host: HOST,
        logs,
        database: { write: connection, migrate: connection, authority, sessions: 60 },
        dags: dataSurface.dags,
        streamLists: dataSurface.streamLists,
        pools: { [DATASURFACE.pool]: 8 },
        processes: { apiServer: 1, scheduler: 1, dagProcessor: 1, triggerer: 1 },
      });
    },
  });
  const objects = resources
    .filter(({ type, kind }) => type.startsWith("kubernetes:") && kind === "custom")
    .map(({ inputs }) => inputs as unknown as KubernetesManifest); // so the provider's SDK has typed them
  return objects.map((object) => withTrials(withSecrets(object), trials, model, image));
}

/** The plan knows placeholders alone where the engine would make random values. */
function withSecrets(object: KubernetesManifest): KubernetesManifest {
  const { kind, metadata } = object;
  if (kind !== "Secret" || metadata.name !== "airflow") return object;
  const random = (bytes: number) => randomBytes(bytes).toString("base64url");
  const stringData = {
    "fernet-key": `${random(32)}=`,
    "jwt-secret": random(48),
    "api-secret-key": random(48),
    "admin-password": ADMIN_PASSWORD,
  };
  return { ...object, ...{ stringData } };
}

function withTrials(
  object: KubernetesManifest,
  trials: readonly Trials[],
  model: Model,
  image: string,
): KubernetesManifest {
  if (object.kind !== "ConfigMap" || object.metadata.name !== "airflow-dags") return object;
  const { data } = object as KubernetesManifest & { data: Record<string, string> };
  const args = {
    model,
    image,
    namespace: "datasurface",
    mergeHost: SERVER,
    airflowNamespace: "airflow",
    carriesModel: true,
  };
  const [live] = dataSurfaceDags(args);
  const [platform] = model.ecosystem.platforms;
  const stream = platform && ingestionJobs(model, platform)[0];
  if (!live || !stream) throw new Error("the acceptance model has a platform with a stream");
  const own = trials.map(({ name, podSpec, jobs }): Record<string, string> => {
    const platformDags: PlatformDags = {
      ...live,
      name,
      template: { ...live.template, spec: { ...(live.template.spec as object), ...podSpec } },
      infrastructure: { ...live.infrastructure, dag: `${name}_infrastructure`, schedule: null },
    };
    return { ...dagFiles([platformDags]), [streamsFileName(name)]: streamsFile(jobs(stream)) };
  });
  const withOwn = { ...object, ...{ data: Object.assign({}, ...own, data) } };
  return withOwn;
}
