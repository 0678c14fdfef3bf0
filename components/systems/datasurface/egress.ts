import type * as k8s from "@pulumi/kubernetes";
import type { Model } from "../../../jobs/datasurface";
import { DATABASES } from "../../data";

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;

/** The namespace's own network policies already allow the platform's PostgreSQL. */
const covered = (host: string, port: number) =>
  host.endsWith(`.${DATABASES.namespace}.svc.cluster.local`) && DATABASES.ports.includes(port);

/** Network policies, by name, that allow the jobs to connect to external sources of the model. */
export function sourceEgress({ ecosystem }: Model): Record<string, Spec> {
  const sources = ecosystem.stores.map(({ capture }) => capture.source);
  const elsewhere = sources.filter(({ host, port }) => !covered(host, port));
  return Object.fromEntries(
    elsewhere.map(({ host, port }) => {
      const spec: Spec = {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: [peerOf(host)], ports: [{ port, protocol: "TCP" }] }],
      };
      return [`source-${host.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}-${port}`.slice(0, 253), spec];
    }),
  );
}

/**
 * A network policy matches namespaces and addresses, not host names. For an external host it can only restrict the
 * port.
 */
function peerOf(host: string): k8s.types.input.networking.v1.NetworkPolicyPeer {
  const inside = /^[a-z0-9-]+\.([a-z0-9-]+)\.svc(\.cluster\.local)?$/.exec(host);
  if (inside?.[1]) {
    return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": inside[1] } } };
  }
  if (/^\d+(\.\d+){3}$/.test(host)) return { ipBlock: { cidr: `${host}/32` } };
  return { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }; // except the metadata address
}
