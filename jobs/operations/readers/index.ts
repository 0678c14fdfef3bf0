import { setMaxListeners } from "node:events";
import { Patroni } from "../../patroni";
import type { DatabaseAddress, KubernetesAccess } from "../../shared";
import { HttpReader } from "./http";
import { KubernetesReader } from "./kubernetes";
import { Metrics } from "./metrics";
import { PrometheusReader } from "./prometheus";
import { type DatabaseRole, SqlReader } from "./sql";
import { asking, Shared, Unanswered } from "./unanswered";

export type { Item } from "./kubernetes-objects";
export { type Place, placeOf } from "./place";
export { DATABASE_ROLES, type DatabaseRole } from "./sql";
export { Unanswered } from "./unanswered";
export { Metrics };

export interface EtcdCertificate {
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
}

export interface ReadersArgs {
  readonly kubernetes: KubernetesAccess | undefined;
  /** File with the CA certificates of PostgreSQL and of object storage. @default the system's trust store */
  readonly authorities: { readonly file: string; readonly certificates: string } | undefined;
  /** The CA and a client certificate of etcd (PEM). @default none: its members show their health without TLS */
  readonly etcd: EtcdCertificate | undefined;
  readonly logins: Readonly<Partial<Record<DatabaseRole, DatabaseAddress>>>;
  /** URL of any member of Patroni. */
  readonly patroni: string;
  /** URL of Prometheus. @default the stack has none */
  readonly prometheus: string | undefined;
  /** Token with which object storage shows its metrics. @default its metrics cannot be read */
  readonly objectsToken: string | undefined;
}

/** The typed readers of the running platform; they read and never change anything. */
export interface Readers {
  readonly kubernetes: KubernetesReader;
  readonly http: HttpReader;
  /** GET requests to the members of etcd. */
  readonly etcd: HttpReader;
  readonly sql: SqlReader;
  readonly prometheus: PrometheusReader;
  /** The members as Patroni knows them. */
  readonly patroni: { cluster(): ReturnType<Patroni["cluster"]> };
  /** An exporter's metrics. */
  readonly metrics: (who: string, url: string) => Promise<Metrics>;
  /** The metrics of object storage. */
  readonly objects: (url: string) => Promise<Metrics>;
  readonly now: () => number;
  close(): Promise<void>;
}

export function openReaders(args: ReadersArgs, signal: AbortSignal): Readers {
  setMaxListeners(0, signal); // every request of every check listens to it
  const http = new HttpReader(args.authorities ? [args.authorities.certificates] : [], signal);
  const { authority, ...client } = args.etcd ?? {};
  const etcd = new HttpReader(authority ? [authority] : [], signal, client);
  const kubernetes = new KubernetesReader(args.kubernetes, signal);
  const sql = new SqlReader(args.logins, signal);
  const shared = new Shared();
  return {
    http,
    etcd,
    kubernetes,
    sql,
    prometheus: new PrometheusReader(http, args.prometheus),
    patroni: {
      cluster: () =>
        shared.once("patroni", () =>
          asking("Patroni", async () => {
            if (!args.authorities) throw new Error("no authority of its certificate is configured");
            return new Patroni({ url: args.patroni, authority: args.authorities.file }).cluster(signal);
          }),
        ),
    },
    metrics: async (who, url) => new Metrics(await http.text(who, url)),
    objects: async (url) => {
      if (!args.objectsToken)
        throw new Unanswered("object storage", "no token for its metrics is configured");
      const headers = { authorization: `Bearer ${args.objectsToken}` };
      return new Metrics(
        await http.text("object storage", new URL("/minio/v2/metrics/cluster", url).href, headers),
      );
    },
    now: () => Date.now(),
    close: async () => {
      await sql.close();
      kubernetes.close();
      http.close();
      etcd.close();
    },
  };
}
