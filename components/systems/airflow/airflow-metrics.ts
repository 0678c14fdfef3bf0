import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { monitorWorkload } from "../../cluster";
import { recordArtefact } from "../../shared/artefacts";
import { digest } from "../../shared/digest";
import { statsdMapping } from "./metrics";
import { airflowMonitoring } from "./monitoring";
import { AIRFLOW, labelsOf } from "./names";
import { MAPPING_FILE, statsdDeployment, statsdService } from "./statsd";

export interface AirflowMetricsArgs {
  /** The namespace of Airflow's pods, which send their metrics to the exporter. */
  readonly namespace: pulumi.Input<string>;
}

/**
 * Creates Airflow's monitoring: a StatsD exporter, a Grafana dashboard, and the scrape configuration and alerts for
 * Prometheus.
 */
export class AirflowMetrics extends pulumi.ComponentResource {
  constructor(name: string, args: AirflowMetricsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:airflow:AirflowMetrics", name, {}, opts);
    const child = { parent: this };
    const { namespace } = args;
    const metadata = { name: AIRFLOW.statsd, namespace, labels: labelsOf(AIRFLOW.statsd) };
    const mapping = statsdMapping();
    recordArtefact(this, `airflow/${MAPPING_FILE}`, mapping);

    const configMap = new k8s.core.v1.ConfigMap(
      `${name}-mapping`,
      { metadata, data: { [MAPPING_FILE]: mapping } },
      child,
    );
    new k8s.apps.v1.Deployment(
      `${name}-statsd`,
      { metadata, spec: statsdDeployment(digest(mapping)) },
      { parent: this, dependsOn: configMap },
    );
    new k8s.core.v1.Service(`${name}-service`, { metadata, spec: statsdService }, child);
    monitorWorkload(name, { namespace, monitoring: airflowMonitoring }, child);
    this.registerOutputs({});
  }
}
