import * as pulumi from "@pulumi/pulumi";

/** Full host name of a Service, or of a pod behind a headless one. It resolves in every namespace. */
export const hostOf = (service: string, namespace: string): string =>
  `${service}.${namespace}.svc.cluster.local`;

/** The same for a namespace whose name resolves later. */
export const serviceHost = (service: string, namespace: pulumi.Input<string>): pulumi.Output<string> =>
  pulumi.output(namespace).apply((known) => hostOf(service, known));

/** All names under which pods reach a Service; the last one resolves in every namespace. */
export const serviceNames = (service: string, namespace: string): string[] => [
  service,
  `${service}.${namespace}`,
  `${service}.${namespace}.svc`,
  hostOf(service, namespace),
];
