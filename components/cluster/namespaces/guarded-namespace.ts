import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type Allowance, networkPolicies, type Servers } from "./network-policies";

export type PodSecurity = "restricted" | "baseline" | "privileged";

export interface GuardedNamespaceArgs {
  /** The namespace's name in the cluster; renaming it replaces it with everything inside. */
  readonly namespace: string;

  /**
   * The conversations that pods here may hold. All others are denied, name resolution included, so that what a
   * system talks to can be read in one place.
   * @default none
   */
  readonly allow?: readonly Allowance[];

  /** Who allowances call "servers". */
  readonly servers: pulumi.Input<Servers>;

  /**
   * The pod security profile that admission enforces. Anything weaker than "restricted" needs a reason at the call.
   * @default "restricted"
   */
  readonly podSecurity?: PodSecurity;

  /**
   * What the whole namespace may request, so that one system's mistake cannot starve another's.
   * @default no quota
   */
  readonly quota?: { readonly cpu: string; readonly memory: string };

  /** Whether the engine refuses to delete the namespace, and with it everything inside. @default false */
  readonly protection?: boolean | undefined;
}

/** What a container gets that asks for nothing: enough to start, too little to hurt its neighbours. */
const DEFAULTS = { request: { cpu: "25m", memory: "64Mi" }, limit: { memory: "256Mi" } };

/** A namespace in which nothing runs privileged and nobody talks to anybody unless it says so here. */
export class GuardedNamespace extends pulumi.ComponentResource {
  /** The name to put into the metadata of what lives here; known only once its guards stand. */
  readonly namespace: pulumi.Output<string>;

  constructor(name: string, args: GuardedNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:GuardedNamespace", name, args, opts);
    const profile = args.podSecurity ?? "restricted";

    const namespace = new k8s.core.v1.Namespace(
      name,
      { metadata: { name: args.namespace, labels: podSecurityLabels(profile) } },
      { parent: this, protect: args.protection ?? false },
    );
    const inside = { parent: this, dependsOn: namespace };

    const policies = networkPolicies(args.allow ?? []).map(
      ({ name: policy }, index) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${policy}`,
          {
            metadata: { name: policy, namespace: args.namespace },
            spec: pulumi.output(args.servers).apply((servers) => specOf(args.allow ?? [], servers, index)),
          },
          inside,
        ),
    );

    const limits = new k8s.core.v1.LimitRange(
      `${name}-limits`,
      {
        metadata: { name: "defaults", namespace: args.namespace },
        spec: { limits: [{ type: "Container", defaultRequest: DEFAULTS.request, default: DEFAULTS.limit }] },
      },
      inside,
    );

    const quota =
      args.quota &&
      new k8s.core.v1.ResourceQuota(
        `${name}-quota`,
        {
          metadata: { name: "quota", namespace: args.namespace },
          spec: { hard: { "requests.cpu": args.quota.cpu, "requests.memory": args.quota.memory } },
        },
        inside,
      );

    const guards = [...policies, limits, ...(quota ? [quota] : [])];
    // A preview knows the URN of a new guard, but not its ID: with the ID, a new guard would make the name unknown, and the
    // preview would show everything in the namespace as replaced.
    this.namespace = pulumi
      .all([namespace.metadata.name, pulumi.all(guards.map((guard) => guard.urn))])
      .apply(([created]) => created);
    this.registerOutputs({ namespace: this.namespace });
  }
}

function specOf(allow: readonly Allowance[], servers: Servers, index: number) {
  const policy = networkPolicies(allow, servers)[index];
  if (!policy)
    throw new Error(
      `network policy ${index} is missing: the number of policies must not depend on addresses`,
    );
  const { podSelector, policyTypes, ingress, egress } = policy.spec;
  return {
    podSelector,
    policyTypes: [...policyTypes],
    ...(ingress && {
      ingress: ingress.map(({ from = [], ports }) => ({ from: [...from], ports: [...ports] })),
    }),
    ...(egress && { egress: egress.map(({ to = [], ports }) => ({ to: [...to], ports: [...ports] })) }),
  };
}

function podSecurityLabels(profile: PodSecurity): Record<string, string> {
  return Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, profile]),
  );
}
