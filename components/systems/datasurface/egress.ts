import type * as k8s from "@pulumi/kubernetes";
import { networkPolicies } from "../../cluster";
import { DATABASES } from "../../data";
import type { ModelOrigin } from "./deployed-model";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
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
      egressTo(peerOf(host), port),
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

const egressTo = (peer: Peer, port: number): Spec => ({
  podSelector: {},
  policyTypes: ["Egress"],
  egress: [{ to: [peer], ports: [{ port, protocol: "TCP" }] }],
});

function parts(server: string): { host: string; port: number } {
  const colon = server.lastIndexOf(":");
  return { host: server.slice(0, colon), port: Number(server.slice(colon + 1)) };
}

/**
 * A network policy matches namespaces and addresses, not host names. For an external host it can only restrict the
 * port.
 */
function peerOf(host: string): Peer {
  const inside = /^[a-z0-9-]+\.([a-z0-9-]+)\.svc(\.cluster\.local)?$/.exec(host);
  if (inside?.[1]) {
    return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": inside[1] } } };
  }
  if (/^\d+(\.\d+){3}$/.test(host)) return { ipBlock: { cidr: `${host}/32` } };
  return { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }; // except the metadata address
}
