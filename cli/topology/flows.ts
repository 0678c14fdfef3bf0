import { isRecord } from "../pulumi-monitor";
import type { KubernetesObject } from "../shared/kubernetes-objects";
import { listOf } from "./lists";

/** A connection that the network policies allow, between two namespaces or from one to what is outside of the pods. */
export interface Flow {
  readonly from: string;
  readonly to: string;
  readonly ports: readonly number[];
}

/** What is outside of the pods' network, beside the namespaces' names. */
export const SERVERS = "the servers";
export const INTERNET = "the internet";

/** Every pod asks for names, and cert-manager's solvers answer for minutes only: neither says who works with whom. */
const UNTOLD_PORTS = [53, 8089];

/** One side of a policy: which peers it names, for which ports. */
interface Rule {
  readonly peers: readonly string[];
  /** Empty: all ports. */
  readonly ports: readonly number[];
}

interface Side {
  /** Whether some policy of the namespace restricts this direction. */
  readonly restricted: boolean;
  readonly rules: readonly Rule[];
}

interface Policies {
  readonly in: Side;
  readonly out: Side;
}

/**
 * Who can talk to whom: what the sender's policies and the receiver's both allow. A namespace without policies allows
 * everything, so only what the other side names is told of it.
 */
export function flowsOf(objects: readonly KubernetesObject[]): Flow[] {
  const policies = policiesOf(objects);
  const found: Flow[] = [];
  for (const [from, { out }] of policies) {
    for (const to of [...[...policies.keys()].sort(), SERVERS, INTERNET]) {
      const ports = allowed(from, to, out, policies.get(to)?.in);
      if (from !== to && ports.length > 0) found.push({ from, to, ports });
    }
  }
  for (const [to, { in: side }] of policies) {
    const ports = portsFor(side, SERVERS);
    if (ports.length > 0) found.push({ from: SERVERS, to, ports });
  }
  return found;
}

function allowed(from: string, to: string, out: Side, into: Side | undefined): readonly number[] {
  const [leaving, entering] = [portsFor(out, to), into ? portsFor(into, from) : undefined];
  if (!into?.restricted) return leaving;
  if (!out.restricted) return entering ?? [];
  return leaving.filter((port) => entering?.includes(port));
}

function portsFor({ rules }: Side, peer: string): number[] {
  const ports = rules.filter(({ peers }) => peers.includes(peer)).flatMap((rule) => rule.ports);
  return [...new Set(ports)].filter((port) => !UNTOLD_PORTS.includes(port)).sort((a, b) => a - b);
}

function policiesOf(objects: readonly KubernetesObject[]): Map<string, Policies> {
  const found = new Map<
    string,
    { in: { restricted: boolean; rules: Rule[] }; out: { restricted: boolean; rules: Rule[] } }
  >();
  for (const { kind, namespace, manifest } of objects) {
    if (kind !== "NetworkPolicy" || namespace === undefined || !isRecord(manifest.spec)) continue;
    const of = found.get(namespace) ?? {
      in: { restricted: false, rules: [] },
      out: { restricted: false, rules: [] },
    };
    found.set(namespace, of);
    const { ingress, egress, policyTypes } = manifest.spec;
    of.in.restricted ||= listOf(policyTypes).includes("Ingress");
    of.out.restricted ||= listOf(policyTypes).includes("Egress");
    of.in.rules.push(...rulesOf(ingress, "from", namespace));
    of.out.rules.push(...rulesOf(egress, "to", namespace));
  }
  return found;
}

function rulesOf(given: unknown, side: "from" | "to", namespace: string): Rule[] {
  return listOf(given)
    .filter(isRecord)
    .map((rule) => ({
      peers: [...new Set(listOf(rule[side]).flatMap((peer) => peerOf(peer, namespace)))],
      ports: listOf(rule.ports).flatMap((each) =>
        isRecord(each) && typeof each.port === "number" ? each.port : [],
      ),
    }));
}

/** A namespace, or what a range of addresses is: the internet is all addresses except private ones. */
function peerOf(peer: unknown, namespace: string): string[] {
  if (!isRecord(peer)) return [];
  if (isRecord(peer.ipBlock)) return [peer.ipBlock.cidr === "0.0.0.0/0" ? INTERNET : SERVERS];
  if (!isRecord(peer.namespaceSelector)) return [namespace];
  const labels = isRecord(peer.namespaceSelector.matchLabels) ? peer.namespaceSelector.matchLabels : {};
  const name = labels["kubernetes.io/metadata.name"];
  return typeof name === "string" ? [name] : [];
}
