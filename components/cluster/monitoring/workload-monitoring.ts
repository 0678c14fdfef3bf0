import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import {
  DASHBOARD_LABEL,
  renderedDashboard,
  type Scrape,
  type WorkloadMetrics,
  type WorkloadMonitoring,
} from "../../shared/workloads";
import { addOnObjects, type Manifest } from "../helm";

export interface MonitoredWorkload {
  /** Namespace of the workload. */
  readonly namespace: pulumi.Input<string>;
  /** What to scrape, the alerts on it, and the dashboard. */
  readonly monitoring: WorkloadMonitoring;
}

/** Declares a workload's scrape configuration, alerts and dashboard for Prometheus and Grafana. */
export function monitorWorkload(
  name: string,
  { namespace, monitoring: { workload, metrics, dashboard } }: MonitoredWorkload,
  opts: { readonly parent: pulumi.Resource },
): void {
  if (metrics) {
    const manifests = (home: string) => metricsObjects(home, workload, metrics);
    addOnObjects(`${name}-add-on-objects`, { workload, namespace, manifests }, opts);
  }
  if (dashboard) {
    const { object, file } = dashboard;
    new k8s.core.v1.ConfigMap(
      `${name}-dashboard`,
      {
        metadata: { name: object.name, namespace, labels: { ...object.labels, ...DASHBOARD_LABEL } },
        data: { [file]: renderedDashboard(dashboard) },
      },
      opts,
    );
  }
}

/** The monitor and the alert rules of a workload, of the Prometheus operator's kinds. */
export function metricsObjects(
  namespace: string,
  workload: string,
  { object, scrape, alerts, recordings = [] }: WorkloadMetrics,
): Manifest[] {
  const metadata = { name: object.name, namespace, labels: object.labels };
  const apiVersion = "monitoring.coreos.com/v1";
  return [
    ...(scrape ? [{ apiVersion, metadata, ...monitorOf(scrape) }] : []),
    {
      apiVersion,
      kind: "PrometheusRule",
      metadata,
      spec: { groups: [{ name: workload, rules: [...recordings, ...alerts] }] },
    },
  ];
}

function monitorOf({ through, selector, endpoints }: Scrape): Manifest {
  const selected = { selector: { matchLabels: selector } };
  return through === "service"
    ? { kind: "ServiceMonitor", spec: { ...selected, endpoints } }
    : { kind: "PodMonitor", spec: { ...selected, podMetricsEndpoints: endpoints } };
}
