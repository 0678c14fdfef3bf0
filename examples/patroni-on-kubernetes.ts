// A Patroni cluster of three members with an etcd of its own, on a Kubernetes that exists already.
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { PatroniEtcd, Postgres, PostgresPki, serverNames } from "../components";

export default function program() {
  const config = new pulumi.Config("example");
  const provider = new k8s.Provider("kubernetes", { kubeconfig: config.requireSecret("kubeconfig") });
  const home = new k8s.core.v1.Namespace("postgres", { metadata: { name: "postgres" } }, { provider });
  const where = { namespace: home.metadata.name, strictSpread: true, protection: true };
  const cluster = { cluster: "example", members: 3, certificateEpoch: 1 };
  const etcd = new PatroniEtcd("etcd", { ...where, ...cluster }, { provider });
  const names = { cluster: "example", names: serverNames("postgres"), addresses: [] };
  const certificates = new PostgresPki("pki", { ...names, epoch: 1 });
  const postgres = new Postgres(
    "postgres",
    {
      ...where,
      etcd,
      scope: "example",
      replicas: 3,
      synchronous: true,
      ...{ cpuMillis: 1000, memoryMib: 2048, volumeGib: 20 },
      ...{ nodePorts: false, pooling: false, backupEpoch: 1 },
      ...{ pods: ["10.42.0.0/16"], servers: ["192.0.2.0/24"] }, // where clients connect from
      certificate: { authority: certificates.authority, pair: certificates.server },
      images: { postgres: config.require("postgresImage"), jobs: config.require("jobsImage") },
      databases: { shop: { extensions: [], connections: 20, epoch: 1 } },
    },
    { provider },
  );
  return { connections: postgres.connections, authority: postgres.authority };
}
