import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { ingressAnnotations, ingressSpec } from "../../shared/pods";
import { LABELS, OPERATIONS } from "./names";
import { type Every, pagePod } from "./pods";

export interface StatusPageArgs {
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** How often the checks run. */
  readonly every: Every;
  /** Host name of the page. */
  readonly host: string;
  /** Annotations of the Ingress. They must limit who can open the page, which has no login. */
  readonly ingressAnnotations: Readonly<Record<string, string>>;
}

/** Creates the status page: a Deployment that reads the history, and its Ingress. */
export function statusPage(
  name: string,
  { host, ingressAnnotations: given, ...args }: StatusPageArgs,
  { parent, dependsOn }: { readonly parent: pulumi.Resource; readonly dependsOn: pulumi.Resource[] },
): void {
  const metadata = { name: OPERATIONS.page, namespace: args.namespace, labels: LABELS.page };
  new k8s.apps.v1.Deployment(
    `${name}-page`,
    {
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS.page },
        template: { metadata: { labels: LABELS.page }, spec: pagePod(args) },
      },
    },
    { parent, dependsOn },
  );
  new k8s.core.v1.Service(
    `${name}-page-service`,
    {
      metadata,
      spec: {
        selector: LABELS.page,
        ports: [{ name: "http", port: OPERATIONS.ports.page, targetPort: "http" }],
      },
    },
    { parent },
  );
  new k8s.networking.v1.Ingress(
    `${name}-page-ingress`,
    {
      metadata: { ...metadata, annotations: ingressAnnotations(given) },
      spec: ingressSpec({
        host,
        tlsSecret: `${OPERATIONS.page}-tls`,
        service: { name: OPERATIONS.page, port: "http" },
      }),
    },
    { parent },
  );
}
