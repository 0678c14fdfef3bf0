import type * as k8s from "@pulumi/kubernetes";
import { networkPolicies } from "../../cluster";
import { DATABASES } from "../../data";
import { egressTo } from "../egress";
import type { ModelOrigin } from "./deployed-model";

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;

/** The namespace's own network policies already allow the platform's PostgreSQL. */
const covered = (host: string, port: number) =>
  host.endsWith(`.${DATABASES.namespace}.svc.cluster.local`) && DATABASES.ports.includes(port);

/** Network policies, by name, that allow the jobs to connect to the servers (`host:port`) that logins are bound to. */
export function sourceEgress(servers: readonly string[]): Record<string, Spec> {
  const elsewhere = [...new Set(servers)].map(parts).filter(({ host, port }) => !covered(host, port));
  return Object.fromEntries(
    elsewhere.map(({ host, port }) => [
      `source-${host.replaceAll(/[^a-z0-9]+/g, "-")}-${port}`.slice(0, 253),
      egressTo(host, port),
    ]),
  );
}

/** A network policy that allows the jobs to read the model's repository; none where the deployment ships the model. */
export function repositoryEgress(origin: ModelOrigin): Record<string, Spec> {
  if ("files" in origin) return {};
  const { port } = new URL(origin.repository.url);
  const [, policy] = networkPolicies([{ to: "internet", ports: [Number(port || 443)] }]);
  if (!policy) throw new Error("an allowance results in no policy");
  const { podSelector, policyTypes, egress = [] } = policy.spec;
  return {
    repository: {
      podSelector,
      policyTypes: [...policyTypes],
      egress: egress.map(({ to = [], ports }) => ({ to: [...to], ports: [...ports] })),
    },
  };
}

function parts(server: string): { host: string; port: number } {
  const colon = server.lastIndexOf(":");
  return { host: server.slice(0, colon), port: Number(server.slice(colon + 1)) };
}
