import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../../settings";
import { GuardedNamespace } from "./guarded-namespace";
import { PLATFORM_NAMESPACES, type PlatformNamespaceKey, platformNamespaceKeys, quotaOf } from "./namespaces";
import type { Servers } from "./network-policies";
import { PRIORITY_CLASSES } from "./priority-classes";

export interface FoundationArgs {
  /** Scales the quotas. */
  readonly environment: Environment;

  /** Who allowances call "servers". */
  readonly servers: pulumi.Input<Servers>;

  /** Whether the engine refuses to delete the namespaces, and with them everything inside. @default false */
  readonly protection?: boolean | undefined;
}

/** What every system on the cluster stands on: guarded namespaces, and an order of who stays when room is short. */
export class Foundation extends pulumi.ComponentResource {
  /** The platform's namespaces, each known only once its guards stand. */
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
    ) as Record<PlatformNamespaceKey, pulumi.Output<string>>; // the keys are the table's own

    this.registerOutputs({ namespaces: this.namespaces });
  }
}
