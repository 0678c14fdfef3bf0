import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { AccessObject } from "./access-object";
import { restartPolicy } from "./restart-policy";
import { clusterBinding, developerBinding, developerRole, READER, readerRole } from "./roles";

export interface AccessArgs {
  /** Groups that administer the cluster, besides the one of the administrator's kubeconfig. @default none */
  readonly administrators?: readonly string[];
  /** Groups that see everything except Secrets. */
  readonly readers: readonly string[];
  /** Groups that work in `namespaces`: read, logs, port-forward, restart of Deployments. */
  readonly developers: readonly string[];
  /** The namespaces of the systems. */
  readonly namespaces: readonly string[];
}

/** Gives groups of people the rights that their kubeconfig or their OIDC token is for. */
export class Access extends pulumi.ComponentResource {
  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:cluster:Access", name, {}, opts);
    for (const object of accessObjects(args)) this.#declare(name, object);
    this.registerOutputs({});
  }

  #declare(name: string, object: AccessObject): void {
    const { kind, metadata } = object;
    const within = metadata.namespace ? `${metadata.namespace}-` : "";
    // It has the type of the object's own kind, as the SDK's class of that kind does.
    new k8s.apiextensions.CustomResource(`${name}-${kind}-${within}${metadata.name}`, object, {
      parent: this,
    });
  }
}

/** Everything that gives or limits their rights, as objects of Kubernetes. */
export function accessObjects({
  administrators = [],
  readers,
  developers,
  namespaces,
}: AccessArgs): AccessObject[] {
  return [
    readerRole,
    clusterBinding(READER, READER, readers),
    ...(administrators.length > 0
      ? [clusterBinding("trellis-oidc-administrators", "cluster-admin", administrators)]
      : []),
    ...namespaces.flatMap((namespace) => [developerRole(namespace), developerBinding(namespace, developers)]),
    ...restartPolicy(developers),
  ];
}
