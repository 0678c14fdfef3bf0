import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { egressTo } from "./egress";

/** Variables of OpenTelemetry's specification, by which a program sends its traces. */
export const tracesEnvironment = (endpoint: string | undefined): { name: string; value: string }[] =>
  endpoint === undefined ? [] : [{ name: "OTEL_EXPORTER_OTLP_ENDPOINT", value: endpoint }];

interface TracesPolicyArgs {
  readonly namespace: pulumi.Input<string>;
  readonly labels: Record<string, string>;
  /** Where traces go. */
  readonly endpoint: string;
}

/** Allows the pods of a namespace to connect to the collector. */
export function tracesPolicy(
  name: string,
  { namespace, labels, endpoint }: TracesPolicyArgs,
  opts: { readonly parent: pulumi.Resource },
): void {
  const { protocol, hostname, port } = new URL(endpoint);
  new k8s.networking.v1.NetworkPolicy(
    `${name}-allow-traces`,
    {
      metadata: { name: "traces", namespace, labels },
      spec: egressTo(hostname, Number(port || (protocol === "https:" ? 443 : 80))),
    },
    opts,
  );
}
