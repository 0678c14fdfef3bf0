import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../../settings";
import { GuardedNamespace } from "./guarded-namespace";
import { PLATFORM_NAMESPACES, type PlatformNamespaceKey, platformNamespaceKeys, quotaOf } from "./namespaces";
import type { Servers } from "./network-policies";
import { PRIORITY_CLASSES } from "./priority-classes";

export interface FoundationArgs {
  /** Scales the quotas: dev gets half of what staging gets, prod twice as much. */
  readonly environment: Environment;

  /** Addresses of the cluster's servers: what `"servers"` means in the namespaces' network policies. */
  readonly servers: pulumi.Input<Servers>;

  /** Whether Pulumi refuses to delete the namespaces, and so everything in them. @default false */
  readonly protection?: boolean | undefined;
}

/**
 * Creates the platform's guarded namespaces and its priority classes, which decide which pods are evicted first when a
 * server runs out of room. Every system on the cluster needs them.
 */
export class Foundation extends pulumi.ComponentResource {
  /** The platform's namespaces. Each name resolves once the namespace's policies, limits and quota exist. */
  readonly namespaces: Readonly<Record<PlatformNamespaceKey, pulumi.Output<string>>>;

  constructor(name: string, args: FoundationArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:Foundation", name, args, opts);
    const child = { parent: this };

    for (const { name: priority, value, description, preempts } of PRIORITY_CLASSES) {
      new k8s.scheduling.v1.PriorityClass(
        `${name}-${priority}`,
        {
          metadata: { name: priority },
          value,
          description,
          preemptionPolicy: preempts ? "PreemptLowerPriority" : "Never",
        },
        child,
      );
    }

    this.namespaces = Object.fromEntries(
      platformNamespaceKeys.map((key) => {
        const { name: namespace, podSecurity, allow } = PLATFORM_NAMESPACES[key];
        const quota = quotaOf(PLATFORM_NAMESPACES[key], args.environment);
        const guarded = new GuardedNamespace(
          `${name}-${namespace}`,
          { namespace, podSecurity, allow, quota, servers: args.servers, protection: args.protection },
          child,
        );
        return [key, guarded.namespace];
      }),
    ) as Record<PlatformNamespaceKey, pulumi.Output<string>>; // safe: the keys come from the table

    this.registerOutputs({ namespaces: this.namespaces });
  }
}
