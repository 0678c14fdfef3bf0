import type * as k8s from "@pulumi/kubernetes";
import { OBJECT_STORAGE } from "../data";
import { PRIVATE_RANGES } from "../shared/workloads";

type Peer = k8s.types.input.networking.v1.NetworkPolicyPeer;
type Egress = k8s.types.input.networking.v1.NetworkPolicyEgressRule;
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

/**
 * A port of every address except the cluster's own networks and the metadata address, which would reveal a server's user
 * data: for hosts whose addresses may change.
 */
export const internet = (port: number): Egress => ({
  to: [{ ipBlock: { cidr: "0.0.0.0/0", except: PRIVATE_RANGES } }],
  ports: [{ port, protocol: "TCP" }],
});

/** Object storage in the cluster, or at a port of a store on the internet. */
export const objectStorage = (storePort: number | undefined): Egress =>
  storePort === undefined
    ? {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": OBJECT_STORAGE.namespace } },
          },
        ],
        ports: OBJECT_STORAGE.ports.map((port) => ({ port, protocol: "TCP" })),
      }
    : internet(storePort);
