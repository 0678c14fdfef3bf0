import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { middlewares } from "./middlewares";

export interface IngressMiddlewaresArgs {
  /** The names of the namespaces with an Ingress, which must exist. */
  readonly namespaces: readonly string[];

  /** The source ranges that may open the administrators' Ingresses. */
  readonly administrators: readonly string[];
}

/**
 * Creates Traefik's middlewares directly, on a cluster whose Traefik already runs. On our own servers Traefik arrives
 * later than these objects, so there the add-on `ingress-middlewares` has them.
 */
export class IngressMiddlewares extends pulumi.ComponentResource {
  constructor(name: string, args: IngressMiddlewaresArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:foundation:IngressMiddlewares", name, {}, opts);
    for (const namespace of args.namespaces) {
      for (const middleware of middlewares(namespace, args.administrators)) {
        new k8s.apiextensions.CustomResource(`${name}-${namespace}-${middleware.metadata.name}`, middleware, {
          parent: this,
        });
      }
    }
    this.registerOutputs({});
  }
}
