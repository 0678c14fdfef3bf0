import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { SYSTEM_NAMESPACE } from "../../shared/workloads";
import { clusterDnsPods } from "../capacity";

/** K3s' Deployment of CoreDNS and the label of its pods. */
const COREDNS = { name: "coredns", pods: { "k8s-app": "kube-dns" } } as const;

/**
 * Runs CoreDNS on several servers. K3s runs one pod: if its server dies, no name is resolved for half a minute or more.
 *
 * K3s' manifest sets no number of replicas, so that K3s leaves the number alone when it applies the manifest again. An
 * autoscaler sets it, because K3s may create the Deployment after this object, and because an autoscaler brings back what
 * somebody changes. Its bounds are equal and hold without metrics. K3s' manifest lets each server run one pod.
 */
export class ClusterDns extends pulumi.ComponentResource {
  constructor(
    name: string,
    { servers }: { readonly servers: number },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("trellis:cluster:ClusterDns", name, {}, opts);
    const metadata = { name: COREDNS.name, namespace: SYSTEM_NAMESPACE };
    const pods = clusterDnsPods(servers);
    new k8s.autoscaling.v2.HorizontalPodAutoscaler(
      `${name}-replicas`,
      {
        metadata,
        spec: {
          scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: COREDNS.name },
          minReplicas: pods,
          maxReplicas: pods,
        },
      },
      { parent: this },
    );
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-budget`,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: COREDNS.pods } } },
      { parent: this },
    );
    this.registerOutputs({});
  }
}
