import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { INGRESS_VALUES } from "../../servers";
import { SYSTEM_NAMESPACE } from "../../shared/workloads";
import { clusterRights, namespaceRights, watchedNamespaces } from "./rights";

export interface IngressRightsArgs {
  /** The namespaces with an Ingress, which must exist. */
  readonly namespaces: readonly string[];
}

/**
 * Limits K3s' Traefik to the namespaces with an Ingress: it reads no Secret of the others. K3s installs Traefik when the
 * Secret with these values exists, and again when they change.
 */
export class IngressRights extends pulumi.ComponentResource {
  constructor(name: string, args: IngressRightsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:IngressRights", name, {}, opts);
    const child = { parent: this };
    const rights = [
      new k8s.rbac.v1.ClusterRole(`${name}-role`, clusterRights.role, child),
      new k8s.rbac.v1.ClusterRoleBinding(`${name}-binding`, clusterRights.binding, child),
      ...args.namespaces.flatMap((namespace) => {
        const { role, binding } = namespaceRights(namespace);
        return [
          new k8s.rbac.v1.Role(`${name}-${namespace}-role`, role, child),
          new k8s.rbac.v1.RoleBinding(`${name}-${namespace}-binding`, binding, child),
        ];
      }),
    ];
    new k8s.core.v1.Secret(
      `${name}-values`,
      {
        metadata: { name: INGRESS_VALUES.secret, namespace: SYSTEM_NAMESPACE },
        stringData: { [INGRESS_VALUES.key]: watchedNamespaces(args.namespaces) },
      },
      // Traefik answers nothing until it can read all namespaces that it watches, so the roles come first.
      { parent: this, dependsOn: rights },
    );
    this.registerOutputs({});
  }
}
