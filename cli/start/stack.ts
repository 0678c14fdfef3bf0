import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../components/shared/user-error";
import { bundleJobs } from "../../jobs/bundle";
import { planStack } from "../plan";
import { wheelPrograms } from "../shared/postgres-client";
import type { Board } from "./board";
import type { StartFlags } from "./flags";
import { CHECKOUT, LOCAL } from "./folders";
import type { ServiceFacts } from "./report";
import { sampleRecord, startProvider } from "./samples";
import {
  type Access,
  DiskStorage,
  Guardian,
  type LocalPostgres,
  objectStore,
  openPostgres,
  type ServerIdentity,
  serveObjects,
  serverIdentity,
  startPatroniStandIn,
} from "./services";
import { announce, withdraw } from "./serving";
import type { Routes } from "./workloads";
import {
  type Environment,
  environmentOf,
  LocalSecrets,
  Manifests,
  secretKey,
  type Workload,
  workloadsOf,
} from "./workloads";

/** The dev stack on this machine: the plan, and the servers that replace those of the cluster. */
export interface LocalStack {
  readonly manifests: Manifests;
  readonly workloads: readonly Workload[];
  readonly secrets: LocalSecrets;
  readonly routes: Routes;
  readonly bundle: string;
  readonly guardian: Guardian;
  readonly postgres: LocalPostgres;
  /** The CA certificate of the servers, PEM. */
  readonly authority: string;
  /** The S3 server, and the keys for its buckets. */
  readonly store: { readonly port: number; readonly accesses: readonly Access[] };
  readonly objects: DiskStorage;
  readonly buckets: readonly string[];
  readonly sample: ReturnType<typeof sampleRecord>;
  readonly rainProvider: string;
  /** A PATH: folders with programs, followed by those of the environment's PATH. */
  readonly path: string;
  close(): Promise<void>;
}

/** Plans the stack and starts its servers. If something fails, it stops the servers that it started. */
export async function openStack(flags: StartFlags, board: Board): Promise<LocalStack> {
  const closing: Closing = [];
  const close = async () => {
    for (const each of closing.splice(0).reverse()) await each();
  };
  try {
    return { ...(await open(flags, board, closing)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Functions that stop the started servers. */
type Closing = (() => Promise<void> | void)[];

async function open(flags: StartFlags, board: Board, closing: Closing): Promise<Omit<LocalStack, "close">> {
  mkdirSync(LOCAL, { recursive: true });
  const guardian = new Guardian();
  closing.push(() => guardian.close());
  const identity = serverIdentity();
  const secrets = new LocalSecrets(secretKey(join(LOCAL, "secret-key")), identity);
  const [bundle, manifests] = await Promise.all([bundleJobs(join(LOCAL, "jobs")), plan(board)]);
  const workloads = workloadsOf(manifests);

  const base: Base = { flags, guardian, identity, closing, password: passwordsIn(manifests, secrets) };
  const { postgres, patroni } = await openDatabase(base);
  const accesses = accessesOf(workloads, manifests, secrets);
  const buckets = [...new Set(accesses.flatMap((access) => [...access.buckets]))];
  const { objects, store } = await openStorage(base, accesses, buckets);
  const { provider, sample } = await openProvider(base);

  closing.push(() => withdraw());
  announce({ postgres: loginOf(postgres) }, identity.authority);
  board.put({ services: serviceFacts({ postgres, patroni, store, provider }) });
  const ports: Readonly<Record<string, number>> = {
    "postgres:5432": postgres.port,
    "postgres:6432": postgres.port,
    "postgres:8008": patroni.port,
    "storage:9000": store.port,
  };
  return {
    manifests,
    workloads,
    secrets,
    routes: {
      services: manifests.services,
      portOf: ({ namespace }, port) => ports[`${namespace}:${port}`],
    },
    bundle,
    guardian,
    postgres,
    authority: identity.authority,
    store: { port: store.port, accesses },
    objects,
    buckets,
    sample,
    rainProvider: provider.url,
    path: [flags.postgresBin, wheelPrograms(LOCAL), process.env.PATH].filter(Boolean).join(":"),
  };
}

/** The shared arguments for starting servers. */
interface Base {
  readonly flags: StartFlags;
  readonly guardian: Guardian;
  readonly identity: ServerIdentity;
  readonly password: (name: string) => string;
  readonly closing: Closing;
}

/** Plans the dev stack and puts the plan on the board. */
async function plan(board: Board): Promise<Manifests> {
  const { summary, picture, evaluation } = await planStack({ cwd: CHECKOUT, stack: "dev" });
  refuseOtherStore(evaluation.outputs);
  const { total, byType, logs } = summary;
  const warnings = logs.filter(({ severity }) => severity === "warning").map(({ message }) => message);
  board.put({ resources: { total, byType }, picture, warnings });
  return new Manifests(evaluation);
}

/** Jobs would write into a store that is not this machine's. */
function refuseOtherStore({ objectStorage }: Readonly<Record<string, unknown>>): void {
  const endpoint: unknown = Reflect.get(Object(objectStorage), "endpoint");
  if (typeof endpoint !== "string" || new URL(endpoint).hostname.endsWith(".cluster.local")) return;
  throw new UserError(
    `Pulumi.dev.yaml: minio.kind: given external; allowed here: minio, because npm start stores objects on this machine and sends nothing to ${endpoint}; remove minio.kind from the dev stack, or use \`npm run plan\``,
  );
}

function passwordsIn(manifests: Manifests, secrets: LocalSecrets): Base["password"] {
  const passwords = manifests.contentOf("Secret", "postgres", "postgres-passwords");
  return (name) => {
    const planned = passwords?.[name];
    if (planned === undefined) throw new UserError(`the plan has no ${name} in postgres/postgres-passwords`);
    return secrets.fill(planned, name);
  };
}

async function openDatabase({ flags, guardian, identity, password, closing }: Base) {
  const postgres = await openPostgres({
    folder: LOCAL,
    password: password("PATRONI_SUPERUSER_PASSWORD"),
    identity,
    guardian,
    ...(flags.postgresBin !== undefined && { binaries: flags.postgresBin }),
  });
  closing.push(() => postgres.stop());
  const patroni = await startPatroniStandIn({
    file: join(LOCAL, "patroni.json"),
    identity,
    user: "patroni",
    password: password("PATRONI_RESTAPI_PASSWORD"),
    postgresPort: postgres.port,
  });
  closing.push(() => patroni.stop());
  return { postgres, patroni };
}

async function openStorage(
  { identity, closing }: Base,
  accesses: readonly Access[],
  buckets: readonly string[],
) {
  const objects = new DiskStorage(join(LOCAL, "objects"));
  for (const bucket of buckets) await objects.makeBucket(bucket);
  const store = await serveObjects(objectStore({ storage: objects, accesses }), identity);
  closing.push(() => store.stop());
  return { objects, store };
}

/** Serves generated rain files instead of the county's web site. */
async function openProvider({ closing }: Base) {
  const provider = await startProvider();
  closing.push(() => provider.stop());
  const sample = sampleRecord();
  for (const [path, content] of sample.files) provider.publish(path, content);
  return { provider, sample };
}

/** How a client logs in to PostgreSQL. */
export const loginOf = ({
  port,
  password,
  version,
}: Pick<LocalPostgres, "port" | "password" | "version">) => ({
  port,
  user: "postgres",
  password,
  version,
});

interface Served {
  readonly postgres: Pick<LocalPostgres, "port" | "version">;
  readonly patroni: { readonly port: number };
  readonly store: { readonly port: number };
  readonly provider: { readonly url: string };
}

function serviceFacts({ postgres, patroni, store, provider }: Served): ServiceFacts[] {
  const address = (port: number) => `127.0.0.1:${port}`;
  return [
    {
      name: `PostgreSQL ${postgres.version}`,
      standsFor: "the Patroni cluster's leader and replicas",
      address: address(postgres.port),
    },
    { name: "a simulated REST API", standsFor: "Patroni", address: address(patroni.port) },
    { name: "an S3 server", standsFor: "MinIO", address: address(store.port) },
    { name: "generated rain files", standsFor: "the county's web site", address: provider.url },
  ];
}

/** The access of each key to buckets, from the environments of the jobs. */
function accessesOf(workloads: readonly Workload[], manifests: Manifests, secrets: LocalSecrets): Access[] {
  const found = new Map<string, { secretKey: string; buckets: Set<string> }>();
  for (const workload of workloads) {
    const environment = environmentOrNone(workload, manifests);
    const value = (name: string) => secrets.fill(environment[name] ?? "", name);
    for (const name of Object.keys(environment)) {
      const prefix = /^(.+)_ACCESS_KEY_ID$/.exec(name)?.[1];
      if (prefix === undefined) continue;
      const accessKey = value(name);
      const known = found.get(accessKey) ?? {
        secretKey: value(`${prefix}_SECRET_ACCESS_KEY`),
        buckets: new Set(),
      };
      known.buckets.add(value(`${prefix}_BUCKET`));
      found.set(accessKey, known);
    }
  }
  return [...found].map(([accessKey, rest]) => ({ accessKey, ...rest }));
}

/** A workload whose environment cannot be resolved fails in its own step and must not stop the others. */
function environmentOrNone(workload: Workload, manifests: Manifests): Environment {
  try {
    return environmentOf(workload, manifests);
  } catch (error) {
    if (error instanceof UserError) return {};
    throw error;
  }
}
