import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type BackupPodArgs, backupPod } from "./backup-pod";
import { BACKUP, LABELS } from "./names";

/** The exporter of backup metrics. Prometheus cannot scrape the runs, because they have ended by then. */
export function exporterDeployment(
  args: BackupPodArgs,
  accessDigest: pulumi.Input<string>,
): k8s.types.input.apps.v1.DeploymentSpec {
  const probe = { httpGet: { path: "/health", port: "metrics" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    replicas: 1,
    selector: { matchLabels: LABELS.exporter },
    template: {
      metadata: {
        labels: LABELS.exporter,
        annotations: { "trellis/access-digest": accessDigest },
      },
      spec: {
        ...backupPod(args, {
          container: "exporter",
          words: ["serve-metrics"],
          memory: ["96Mi", "192Mi"],
          cpu: "25m",
          environment: [{ name: "BACKUP_PORT", value: String(BACKUP.metricsPort) }],
          serving: {
            ports: [{ name: "metrics", containerPort: BACKUP.metricsPort }],
            livenessProbe: { ...probe, initialDelaySeconds: 10, failureThreshold: 6 },
            readinessProbe: probe,
          },
        }),
        priorityClassName: "trellis-service",
      },
    },
  };
}

/** The Service through which Prometheus finds the exporter. */
export const metricsService: k8s.types.input.core.v1.ServiceSpec = {
  selector: LABELS.exporter,
  ports: [{ name: "metrics", port: BACKUP.metricsPort, targetPort: "metrics" }],
};
