import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { networkPolicies } from "../../cluster";
import type { OffsiteStore } from "../../settings";
import type { PodLabels } from "../../shared/workloads";

interface OffsitePolicyArgs {
  /** Name, namespace and labels of the policy. */
  readonly metadata: k8s.types.input.meta.v1.ObjectMeta;
  /** Labels of the pods that may reach the store. */
  readonly pods: PodLabels;
  readonly store: Pick<OffsiteStore, "endpoint">;
}

/** Allows internet egress to pods with these labels alone, and only to the off-site store's port. */
export function offsitePolicy(
  name: string,
  { metadata, pods, store }: OffsitePolicyArgs,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const port = Number(new URL(store.endpoint).port || 443);
  const [, policy] = networkPolicies([{ to: "internet", ports: [port], pods }]);
  if (!policy) throw new Error("there is no network policy for the off-site store");
  const { podSelector, policyTypes, egress = [] } = policy.spec;
  return new k8s.networking.v1.NetworkPolicy(
    name,
    {
      metadata,
      spec: {
        podSelector,
        policyTypes: [...policyTypes],
        egress: egress.map(({ to = [], ports }) => ({ to: [...to], ports: [...ports] })),
      },
    },
    opts,
  );
}
