import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ObjectStore } from "../../../jobs/shared";
import { Child } from "../child";
import { TcpFront } from "../edge/tcp-front";
import { freePort } from "../postgres/postgres";
import { eventually } from "../waiting";

/** Four MinIO servers of one drive each on loopback, as in the cluster: half of the drives are parity. */
export interface MinioCluster {
  readonly bucket: string;
  /** Clients talk to it, and it to whichever node lives. */
  readonly front: TcpFront;
  /** A further way in, by TLS. */
  frontWith(identity: { readonly key: string; readonly cert: string }): Promise<TcpFront>;
  environment(prefix: string): Record<string, string>;
  kill(node: 0 | 1 | 2 | 3): Promise<void>;
  restart(node: 0 | 1 | 2 | 3): void;
  /** Resolves when the cluster answers requests about the bucket. */
  ready(): Promise<void>;
  /** Starts every node that is down; resolves when each sees all the others: then the loss of any one costs nothing. */
  heal(): Promise<void>;
  /** Whether all of the newest backup lies on all four drives: then it bears the loss of any two. */
  newestIsEverywhere(): boolean;
  stop(): Promise<void>;
}

const KEYS = { accessKey: "trellis", secretKey: "only-for-tests-on-loopback" };

const START_LIMIT_MS = 300_000;

export async function startMinio(bucket = "crm-backups"): Promise<MinioCluster> {
  const home = mkdtempSync(join(tmpdir(), "trellis-minio-"));
  const ports: number[] = [];
  while (ports.length < 4) {
    const port = await freePort();
    if (!ports.includes(port)) ports.push(port);
  }
  const volumes = ports.map((port, node) => `http://127.0.0.1:${port}${join(home, `drive-${node}`)}`);
  const launch = (node: number) =>
    new Child("minio", ["server", "--quiet", "--address", `127.0.0.1:${ports[node]}`, ...volumes], {
      _MINIO_SERVER_LOCAL: `127.0.0.1:${ports[node]}`,
      MINIO_CI_CD: "1", // drives on the system's own disk are allowed
      MINIO_ROOT_USER: KEYS.accessKey,
      MINIO_ROOT_PASSWORD: KEYS.secretKey,
      MINIO_STORAGE_CLASS_STANDARD: "EC:2",
      MINIO_BROWSER: "off",
    });
  const nodes = ports.map((_, node) => launch(node));
  const front = await TcpFront.open(ports);
  const address = { endpoint: `http://127.0.0.1:${front.port}`, region: "us-east-1", bucket, ...KEYS };

  const until = async (what: string, reached: (store: ObjectStore) => Promise<unknown>) => {
    const signal = AbortSignal.timeout(START_LIMIT_MS);
    const store = new ObjectStore(address, signal);
    try {
      for (;;) {
        const failure = await reached(store).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure === undefined) return;
        if (signal.aborted) {
          const said = nodes.map(({ output }) => output).join("\n");
          throw new Error(`MinIO ${what}: ${String(failure)}\n${said}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    } finally {
      store.close();
    }
  };

  const cluster: MinioCluster = {
    bucket,
    front,
    frontWith: (identity) => TcpFront.open(ports, identity),
    environment: (prefix) => ({
      [`${prefix}_ENDPOINT`]: address.endpoint,
      [`${prefix}_BUCKET`]: bucket,
      [`${prefix}_ACCESS_KEY_ID`]: KEYS.accessKey,
      [`${prefix}_SECRET_ACCESS_KEY`]: KEYS.secretKey,
    }),
    kill: async (node) => nodes[node]?.kill(),
    restart: (node) => {
      nodes[node] = launch(node);
    },
    ready: () => until("did not get ready", (store) => store.check()),
    heal: async () => {
      for (const [node, each] of nodes.entries()) if (!each.running) nodes[node] = launch(node);
      for (const port of ports) {
        await eventually(`a whole cluster, seen by the node at ${port}`, START_LIMIT_MS, async () => {
          return (await fetch(`http://127.0.0.1:${port}/minio/health/cluster?maintenance=true`)).ok;
        });
      }
    },
    newestIsEverywhere: () => {
      const found = ports.map((_, node) =>
        readdirSync(join(home, `drive-${node}`, bucket), { recursive: true, encoding: "utf8" })
          .filter((path) => path.startsWith("postgres_") && path.endsWith("/xl.meta"))
          .sort(),
      );
      const newest = found.flat().sort().at(-1)?.split("/")[0] ?? "";
      const [first, ...others] = found.map((paths) => paths.filter((path) => path.startsWith(newest)).join());
      return newest !== "" && others.every((each) => each === first);
    },
    stop: async () => {
      await Promise.all([front.close(), ...nodes.map((node) => node.kill())]);
      rmSync(home, { recursive: true, force: true });
    },
  };
  try {
    await until("did not make the bucket", (store) => store.makeBucket());
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}
