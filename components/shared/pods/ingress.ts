import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";

/** How the Ingress of a web interface with a login is annotated. */
export interface LoginIngress {
  /** Annotations of the Ingress, such as cert-manager's issuer and Traefik's middlewares. @default none */
  readonly annotations?: Readonly<Record<string, string>>;
  /**
   * Annotations of a second Ingress for the paths that check a password, such as Traefik's rate limit.
   * @default none: no such Ingress
   */
  readonly loginAnnotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Annotations of every Ingress: the given ones, and one that keeps `pulumi up` from waiting for an address. An ingress
 * controller behind NodePorts never publishes one, so the wait would fail after ten minutes.
 */
export const ingressAnnotations = (given: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...given,
  "pulumi.com/skipAwait": "true",
});

interface IngressSpecArgs {
  readonly host: pulumi.Input<string>;
  /** The Secret with the host's certificate. */
  readonly tlsSecret: string;
  /** The Service behind it, and the name of its port. */
  readonly service: { readonly name: string; readonly port: string };
  /** What each path begins with. @default everything */
  readonly paths?: readonly string[];
  /** @default the cluster's default class */
  readonly ingressClassName?: string;
}

/** An Ingress that sends these paths of one host to one Service. */
export const ingressSpec = ({
  host,
  tlsSecret,
  service,
  paths = ["/"],
  ingressClassName,
}: IngressSpecArgs): k8s.types.input.networking.v1.IngressSpec => ({
  ...(ingressClassName && { ingressClassName }),
  tls: [{ hosts: [host], secretName: tlsSecret }],
  rules: [
    {
      host,
      http: {
        paths: paths.map((path) => ({
          path,
          pathType: "Prefix",
          backend: { service: { name: service.name, port: { name: service.port } } },
        })),
      },
    },
  ],
});
