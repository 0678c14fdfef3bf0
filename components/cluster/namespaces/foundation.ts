import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Environment } from "../../settings";
import { PRIORITY_CLASSES, type WorkloadNamespace } from "../../shared/workloads";
import { allowancesOf } from "./connections";
import { GuardedNamespace } from "./guarded-namespace";
import type { Servers } from "./network-policies";
import { quotaOf } from "./quota";

export interface FoundationArgs<Key extends string> {
  /** Scales the quotas: dev gets half of what staging gets, prod twice as much. */
  readonly environment: Environment;

  /**
   * The namespaces to create, by any key; each workload declares its own. A namespace that a workload connects to must
   * be among them, or nothing allows the other side of the connection.
   */
  readonly namespaces: Readonly<Record<Key, WorkloadNamespace>>;

  /** Addresses of the cluster's servers: what `"servers"` means in the namespaces' network policies. */
  readonly servers: pulumi.Input<Servers>;

  /** Whether Pulumi refuses to delete the namespaces, and so everything in them. @default false */
  readonly protection?: boolean | undefined;
}

/**
 * Creates the workloads' guarded namespaces and the priority classes, which decide which pods are evicted first when a
 * server runs out of room. Every system on the cluster needs them.
 */
export class Foundation<Key extends string> extends pulumi.ComponentResource {
  /** Names of the namespaces. Each name resolves once the namespace's policies, limits and quota exist. */
  readonly namespaces: Readonly<Record<Key, pulumi.Output<string>>>;

  constructor(name: string, args: FoundationArgs<Key>, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:Foundation", name, args, opts);
    this.priorityClasses(name);
    const declared = Object.entries<WorkloadNamespace>(args.namespaces);
    const all = declared.map(([, namespace]) => namespace);
    this.namespaces = Object.fromEntries(
      declared.map(([key, namespace]) => [key, this.guarded(name, args, { namespace, all }).namespace]),
    ) as Record<Key, pulumi.Output<string>>; // safe: the keys come from the argument
    this.registerOutputs({ namespaces: this.namespaces });
  }

  private priorityClasses(name: string): void {
    for (const { name: priority, value, description, preempts } of PRIORITY_CLASSES) {
      new k8s.scheduling.v1.PriorityClass(
        `${name}-${priority}`,
        {
          metadata: { name: priority },
          value,
          description,
          preemptionPolicy: preempts ? "PreemptLowerPriority" : "Never",
        },
        { parent: this },
      );
    }
  }

  private guarded(
    name: string,
    { environment, servers, protection }: FoundationArgs<Key>,
    { namespace, all }: { namespace: WorkloadNamespace; all: readonly WorkloadNamespace[] },
  ): GuardedNamespace {
    return new GuardedNamespace(
      `${name}-${namespace.name}`,
      {
        namespace: namespace.name,
        podSecurity: namespace.podSecurity,
        allow: allowancesOf(namespace, all),
        quota: quotaOf(namespace, environment),
        servers,
        protection,
      },
      { parent: this },
    );
  }
}
