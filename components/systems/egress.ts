import type * as k8s from "@pulumi/kubernetes";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;

/** A network policy that allows all pods of a namespace to connect to a host: a Service of the cluster, or one outside. */
export const egressTo = (host: string, port: number): Spec => ({
  podSelector: {},
  policyTypes: ["Egress"],
  egress: [{ to: [peerOf(host)], ports: [{ port, protocol: "TCP" }] }],
});

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
