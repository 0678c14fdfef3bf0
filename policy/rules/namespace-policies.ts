import { fields, list, type PlannedObject, texts } from "../plan";
import { findings, type Rule } from "./rule";

export const namespacePolicies: Rule = {
  name: "namespace-policies",
  reason:
    "Without a policy that denies everything, each pod of the cluster reaches each new pod of the namespace.",
  remedy: "Create the namespace with GuardedNamespace, and name the peers of every exception.",
  scope: "stack",
  check: ({ objects }) => {
    const policies = objects.filter(
      ({ kind, apiVersion }) => kind === "NetworkPolicy" && apiVersion.startsWith("networking.k8s.io/"),
    );
    const guarded = new Set(policies.filter(deniesAll).map(({ namespace }) => namespace));
    return [
      ...objects
        .filter(({ kind }) => kind === "Namespace")
        .flatMap(({ subject, name }) =>
          findings(subject, [
            !guarded.has(name) && "no network policy denies its pods everything in both directions",
          ]),
        ),
      ...policies.flatMap((policy) => findings(policy.subject, openings(policy))),
    ];
  },
};

function deniesAll({ manifest }: PlannedObject): boolean {
  const { podSelector, policyTypes, ingress, egress } = fields(manifest.spec);
  const forAllPods = Object.keys(fields(podSelector)).length === 0;
  const bothWays = ["Egress", "Ingress"].every((direction) => texts(policyTypes).includes(direction));
  return forAllPods && bothWays && list(ingress).length === 0 && list(egress).length === 0;
}

/** A rule without peers allows everybody, and a rule without ports allows all ports. */
function openings({ manifest }: PlannedObject): string[] {
  const { ingress, egress } = fields(manifest.spec);
  const rules = [
    ...list(ingress).map((rule) => ({ way: "from", ...fields(rule), peers: fields(rule).from })),
    ...list(egress).map((rule) => ({ way: "to", ...fields(rule), peers: fields(rule).to })),
  ];
  return rules.flatMap(({ way, peers, ports }: { way: string; peers?: unknown; ports?: unknown }) => [
    ...(list(peers).length === 0 ? [`a rule allows traffic ${way} everywhere`] : []),
    ...(list(ports).length === 0 ? [`a rule allows traffic ${way} its peers on every port`] : []),
    ...(list(peers).some(
      (peer) =>
        Object.keys(fields(fields(peer).namespaceSelector)).length === 0 &&
        fields(peer).namespaceSelector !== undefined,
    )
      ? [`a rule allows traffic ${way} every namespace`]
      : []),
  ]);
}
