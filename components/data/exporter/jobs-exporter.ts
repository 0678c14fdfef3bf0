import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../cluster";
import { digest } from "../../shared/digest";
import type { OwnParts } from "../../shared/pods";
import type { AlertRule, Dashboard, WorkloadMetrics, WorkloadMonitoring } from "../../shared/workloads";

export interface ExporterArgs {
  readonly namespace: pulumi.Input<string>;
  /** Name of the workload, which its alert group has too. */
  readonly workload: string;
  /** Names of the Deployment and of the Service. */
  readonly names: { readonly exporter: string; readonly metricsService: string };
  readonly labels: Record<string, string>;
  readonly port: number;
  /** Keys and certificates that the pod reads only when it starts: a change replaces it. @default none */
  readonly readsAtStart?: readonly pulumi.Input<string | undefined>[];
  /** The pod of `exporterParts`. */
  readonly pod: k8s.types.input.core.v1.PodSpec;
  readonly alerts: readonly AlertRule[];
  /** @default none */
  readonly recordings?: WorkloadMetrics["recordings"];
  /** @default none */
  readonly dashboard?: Dashboard;
  /** @default the one for exporters that ask a store: 1m, and at most 45s */
  readonly scrape?: { readonly interval: string; readonly scrapeTimeout: string };
}

const USUAL_SCRAPE = { interval: "1m", scrapeTimeout: "45s" };

/** The container of `jobs <domain> serve-metrics`. Prometheus cannot scrape runs, because they have ended by then. */
export function exporterParts(port: number, environment: OwnParts["environment"]): OwnParts {
  const probe = { httpGet: { path: "/health", port: "metrics" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    container: "exporter",
    words: ["serve-metrics"],
    memory: ["96Mi", "192Mi"],
    cpu: "25m",
    environment,
    serving: {
      ports: [{ name: "metrics", containerPort: port }],
      livenessProbe: { ...probe, initialDelaySeconds: 10, failureThreshold: 6 },
      readinessProbe: probe,
    },
  };
}

/** The exporter of a domain of the jobs image, with Prometheus' scrape configuration, alerts and dashboard. */
export function jobsExporter(
  name: string,
  { namespace, workload, names, labels, port, pod, ...args }: ExporterArgs,
  { parent, dependsOn }: { readonly parent: pulumi.Resource; readonly dependsOn: pulumi.Resource[] },
): void {
  const metadata = { name: names.exporter, namespace, labels };
  new k8s.apps.v1.Deployment(
    `${name}-exporter`,
    {
      metadata,
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels, ...(args.readsAtStart && annotated(args.readsAtStart)) },
          spec: { ...pod, priorityClassName: "trellis-service" },
        },
      },
    },
    { parent, dependsOn },
  );
  new k8s.core.v1.Service(
    `${name}-metrics-service`,
    {
      metadata: { ...metadata, name: names.metricsService },
      spec: { selector: labels, ports: [{ name: "metrics", port, targetPort: "metrics" }] },
    },
    { parent },
  );
  const { alerts, recordings, dashboard, scrape = USUAL_SCRAPE } = args;
  const monitoring: WorkloadMonitoring = {
    workload,
    metrics: {
      object: { name: names.exporter, labels },
      scrape: {
        through: "service",
        selector: labels,
        endpoints: [{ port: "metrics", path: "/metrics", ...scrape }],
      },
      alerts,
      ...(recordings && { recordings }),
    },
    ...(dashboard && { dashboard }),
  };
  monitorWorkload(name, { namespace, monitoring }, { parent });
}

function annotated(readsAtStart: readonly pulumi.Input<string | undefined>[]) {
  const keys = pulumi.all([...readsAtStart]).apply((all) => digest(all.join()));
  return { annotations: { "trellis/access-digest": pulumi.unsecret(keys) } };
}
