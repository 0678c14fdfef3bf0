import type { PatroniArgs } from "../../../components/data/postgres";

const certificates = (folder: string) => ({
  authority: `${folder}/ca.crt`,
  certificate: `${folder}/tls.crt`,
  key: `${folder}/tls.key`,
});

const ARGS: PatroniArgs = {
  scope: "trellis",
  serverName: "postgres.databases.svc.cluster.local",
  etcd: ["10.0.1.10:2379", "10.0.2.10:2379"],
  certificates: { etcd: certificates("/etcd"), server: certificates("/server") },
  pods: ["10.42.0.0/16"],
  servers: ["10.0.1.10/32"],
  memoryMib: 1024,
  synchronous: true,
  dataDirectory: "/data",
  socketDirectory: "/sockets",
  programs: "/programs",
};

/** What patroni.yml is rendered from, for a cluster without an archive. */
export const patroniArgs = (args: Partial<PatroniArgs> = {}): PatroniArgs => ({ ...ARGS, ...args });
