import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { type AddOn, RETRIES } from "./add-on";
import { inlineChart, type Manifest } from "./inline-chart";

/** Declares a chart that K3s' Helm controller installs. HelmChart resources are created in kube-system. */
export function helmChart(
  resource: string,
  { name, spec }: { readonly name: string; readonly spec: pulumi.Input<AddOn["spec"]> },
  opts: pulumi.CustomResourceOptions,
): void {
  new k8s.apiextensions.CustomResource(
    resource,
    {
      apiVersion: "helm.cattle.io/v1",
      kind: "HelmChart",
      metadata: { name, namespace: "kube-system" },
      spec,
    },
    opts,
  );
}

export interface AddOnObjectsArgs {
  /** Name of the workload that the objects belong to; the chart's name starts with it. */
  readonly workload: string;
  /** Namespace that the chart is installed into. */
  readonly namespace: pulumi.Input<string>;
  /** The objects, for the name of that namespace. */
  readonly manifests: (namespace: string) => readonly Manifest[];
}

/**
 * Declares a workload's objects of kinds that the add-ons define. Their CRDs arrive with the add-ons, so these objects
 * come as an inline chart that the cluster retries until the CRDs exist.
 */
export function addOnObjects(
  resource: string,
  { workload, namespace, manifests }: AddOnObjectsArgs,
  opts: pulumi.CustomResourceOptions,
): void {
  const name = `${workload}-add-on-objects`;
  const spec = pulumi.output(namespace).apply((targetNamespace) => ({
    ...RETRIES,
    chartContent: inlineChart({ name, manifests: manifests(targetNamespace) }),
    targetNamespace,
  }));
  helmChart(resource, { name, spec }, opts);
}
