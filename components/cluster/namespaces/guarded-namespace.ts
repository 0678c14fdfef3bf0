import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Allowance, PodSecurity } from "../../shared/workloads";
import { networkPolicies, networkPolicySpec, type Servers } from "./network-policies";

export interface GuardedNamespaceArgs {
  /** Name of the namespace in the cluster. Renaming it replaces it, with everything inside. */
  readonly namespace: string;

  /**
   * Connections that the namespace's pods may open or accept. Everything else is denied, DNS included, so this one list
   * shows what a system connects to.
   * @default none
   */
  readonly allow?: readonly Allowance[];

  /** Addresses of the cluster's servers: what `"servers"` means in `allow`. */
  readonly servers: pulumi.Input<Servers>;

  /**
   * Pod security profile that admission enforces. Give the reason in the code for anything weaker than "restricted".
   * @default "restricted"
   */
  readonly podSecurity?: PodSecurity;

  /**
   * Total CPU and memory that the namespace's pods may request, so that one system's mistake cannot starve another.
   * Pods beyond it are rejected.
   * @default no quota
   */
  readonly quota?: { readonly cpu: string; readonly memory: string };

  /** Whether Pulumi refuses to delete the namespace, and so everything in it. @default false */
  readonly protection?: boolean | undefined;
}

/** What a container asks for that says nothing else. */
export const DEFAULT_REQUEST = { cpu: "25m", memory: "64Mi" } as const;

/**
 * Defaults of a container that sets no requests or limits: enough to start, too little to disturb other pods. The limit
 * of storage holds the largest `emptyDir` of a pod (2 GiB) with its logs. A pod that writes more is evicted before it
 * fills the disk of its server, which databases share.
 */
const DEFAULTS = {
  request: { ...DEFAULT_REQUEST, "ephemeral-storage": "64Mi" },
  limit: { memory: "256Mi", "ephemeral-storage": "4Gi" },
};

/**
 * Creates a namespace that enforces a pod security profile and denies all traffic except `allow`. It also sets default
 * resources for containers, takes the token from its default service account and, if given, sets a quota.
 */
export class GuardedNamespace extends pulumi.ComponentResource {
  /**
   * Name of the namespace, for the metadata of objects in it. It resolves once the policies, limits and quota exist.
   */
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

    const account = withoutToken(`${name}-default-account`, args.namespace, inside);
    const guards = [...policies, limits, account, ...(quota ? [quota] : [])];
    // In a preview, the URN of a new guard is known, but not its ID. Waiting for the ID would make the
    // name unknown, and the preview would show everything in the namespace as replaced.
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
  return networkPolicySpec(policy);
}

/**
 * Takes the token from pods that name no service account. Kubernetes creates the account `default` with every namespace,
 * so this changes one field of it and owns no more.
 */
export function withoutToken(
  name: string,
  namespace: string,
  opts: pulumi.CustomResourceOptions,
): k8s.core.v1.ServiceAccountPatch {
  return new k8s.core.v1.ServiceAccountPatch(
    name,
    {
      metadata: { name: "default", namespace, annotations: { "pulumi.com/patchForce": "true" } },
      automountServiceAccountToken: false,
    },
    opts,
  );
}

function podSecurityLabels(profile: PodSecurity): Record<string, string> {
  return Object.fromEntries(
    ["enforce", "audit", "warn"].map((mode) => [`pod-security.kubernetes.io/${mode}`, profile]),
  );
}
