import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { SYSTEM_NAMESPACE } from "../../shared/workloads";
import { DENY_ALL, networkPolicySpec, policyOfPods, type Servers, withoutToken } from "../namespaces";
import { type SystemWorkloadsArgs, systemWorkloads } from "./workloads";

export interface KubeSystemArgs extends SystemWorkloadsArgs {
  /** Addresses of the cluster's servers and pods: what `"servers"` and `"pods"` mean in the policies. */
  readonly servers: pulumi.Input<Servers>;
}

/**
 * Denies all traffic of the pods in kube-system but what K3s' own workloads and Hetzner's controllers need. The
 * namespace itself comes with Kubernetes. Pods in the network of their server are beyond network policies.
 * Pods that name no service account, such as those in which local-path makes folders, get no token.
 */
export class KubeSystem extends pulumi.ComponentResource {
  constructor(name: string, args: KubeSystemArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:KubeSystem", name, {}, opts);
    const { servers, ...choices } = args;
    const allowed = systemWorkloads(choices).map(
      (workload) =>
        new k8s.networking.v1.NetworkPolicy(
          `${name}-${workload.name}`,
          {
            metadata: { name: `trellis-${workload.name}`, namespace: SYSTEM_NAMESPACE },
            spec: pulumi
              .output(servers)
              .apply((known) => networkPolicySpec(policyOfPods(workload.name, workload, known))),
          },
          { parent: this },
        ),
    );
    new k8s.networking.v1.NetworkPolicy(
      `${name}-deny-all`,
      {
        metadata: { name: "trellis-deny-all", namespace: SYSTEM_NAMESPACE },
        spec: networkPolicySpec(DENY_ALL),
      },
      { parent: this, dependsOn: allowed }, // the other way round, the cluster would be without DNS for a moment
    );
    withoutToken(`${name}-default-account`, SYSTEM_NAMESPACE, { parent: this });
    this.registerOutputs({});
  }
}
