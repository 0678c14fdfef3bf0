import { type Context, type Outcome, reason } from "../../shared";
import { type EtcdAccess, EtcdGateway } from "../etcd";
import type { ServiceKind } from "./answer";
import { Health } from "./health";
import { KubernetesSlices, type SlicesAccess } from "./kubernetes-slices";
import { Publisher, type PublisherArgs } from "./publisher";
import { readSnapshot } from "./snapshot";
import { watchKeys } from "./watcher";

interface DiscoverConfig {
  /** Patroni's name of the cluster; its keys are below /service/<scope>/. */
  readonly scope: string;
  readonly etcd: EtcdAccess;
  readonly kubernetes: SlicesAccess;
  /** Name of the Service for each kind. */
  readonly services: Readonly<Record<ServiceKind, string>>;
  readonly postgresPort: number;
  /** Address on which the health endpoint listens. */
  readonly host: string;
  /** Port of the health endpoint. */
  readonly port: number;
}

/** Besides the watch, all keys are read and each slice is checked at these intervals. */
const READ_MS = 3_000;
const LOOK_MS = 10_000;

/** While a watcher runs, the revision in a slice is at most this old. */
const REFRESH_MS = 60_000;

/** While Kubernetes is unreachable, one in this many failures is logged: about one in a quarter of a minute. */
const QUIET_ATTEMPTS = 60;

/** Keeps the endpoints of both Services up to date until it is stopped; it never ends by itself. */
export async function discover(config: DiscoverConfig, { log, signal }: Context): Promise<Outcome> {
  const prefix = `/service/${config.scope}/`;
  const kinds = Object.keys(config.services) as ServiceKind[]; // safe: the record has exactly these keys
  const health = new Health(kinds);
  const gateway = new EtcdGateway(config.etcd);
  const store = new KubernetesSlices(config.kubernetes);
  const publishers = kinds.map((kind) =>
    publisherOf(kind, config, {
      store,
      readNow: (aborted) => readSnapshot(gateway, prefix, aborted),
      health,
      log,
    }),
  );

  const close = await health.listen(config.host, config.port, log);
  try {
    await Promise.all([
      watchKeys({
        gateway,
        prefix,
        readMs: READ_MS,
        signal,
        log,
        onSnapshot: (snapshot) => {
          for (const publisher of publishers) publisher.offer(snapshot);
        },
        onReconnect: () => health.reconnect(),
        onContact: () => health.met("etcd"),
      }),
      ...publishers.map((publisher) => publisher.run(signal)),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
    log.info("stopped: the slices stay as they are");
  } finally {
    gateway.close();
    store.close();
    await close();
  }
  return "done";
}

interface PublisherParts extends Pick<PublisherArgs, "store" | "readNow" | "log"> {
  readonly health: Health;
}

/** The publisher of one Service's slice; it reports to the health endpoint and the log. */
function publisherOf(
  kind: ServiceKind,
  config: DiscoverConfig,
  { store, readNow, health, log }: PublisherParts,
): Publisher {
  const name = config.services[kind];
  return new Publisher({
    kind,
    name,
    namespace: config.kubernetes.namespace,
    port: config.postgresPort,
    store,
    readNow,
    refreshMs: REFRESH_MS,
    lookMs: LOOK_MS,
    log,
    onSettled: (how, snapshot, endpoints) => {
      health.settled(kind, how, snapshot, endpoints);
      if (how === "written") {
        log.info(
          { slice: name, endpoints, revision: snapshot.revision },
          `${name} leads to ${endpoints} members`,
        );
      }
    },
    onConflict: () => health.conflict(kind),
    onFailure: (error, attempt) => {
      health.failure(kind);
      if (attempt % QUIET_ATTEMPTS !== 1) return;
      log.warn({ slice: name }, `${name} is not settled: ${reason(error)}`);
    },
  });
}
