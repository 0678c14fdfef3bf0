import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { type Environment, rainServers } from "../../settings";
import { LABELS, PORTS, RAIN } from "./names";
import { type RainPodArgs, type Resources, rainPod } from "./rain-pod";

type DeploymentSpec = k8s.types.input.apps.v1.DeploymentSpec;

/** The API's resources are those of the service that this one replaces. */
const API_RESOURCES: Resources = { cpu: ["100m", "500m"], memory: ["128Mi", "256Mi"] };
const METRICS_RESOURCES: Resources = { cpu: ["25m", "250m"], memory: ["96Mi", "256Mi"] };

/** Pods read their environment only at their start, so a new digest restarts them. */
const CONFIG_DIGEST = "trellis/config-digest";

export function apiDeployment(args: RainPodArgs, configDigest: pulumi.Input<string>): DeploymentSpec {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  return {
    // The autoscaler sets the number of replicas; a number here would reset it with every update.
    selector: { matchLabels: LABELS.api },
    template: {
      metadata: { labels: LABELS.api, annotations: { [CONFIG_DIGEST]: configDigest } },
      spec: {
        ...rainPod(args, {
          container: "api",
          words: ["serve-api"],
          resources: API_RESOURCES,
          environment: { RAIN_PORT: String(PORTS.api) },
          serving: {
            ports: [{ name: "http", containerPort: PORTS.api }],
            startupProbe: { ...probe("/api/v1/health"), periodSeconds: 2, failureThreshold: 60 },
            livenessProbe: { ...probe("/api/v1/health"), periodSeconds: 10, timeoutSeconds: 5 },
            readinessProbe: { ...probe("/api/v1/ready"), periodSeconds: 5, timeoutSeconds: 5 },
          },
        }),
        priorityClassName: "trellis-service",
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "ScheduleAnyway",
            labelSelector: { matchLabels: LABELS.api },
          },
        ],
      },
    },
  };
}

export function metricsDeployment(args: RainPodArgs, configDigest: pulumi.Input<string>): DeploymentSpec {
  const probe = { httpGet: { path: "/health", port: "metrics" }, periodSeconds: 10, timeoutSeconds: 5 };
  return {
    replicas: 1,
    selector: { matchLabels: LABELS.metrics },
    template: {
      metadata: { labels: LABELS.metrics, annotations: { [CONFIG_DIGEST]: configDigest } },
      spec: {
        ...rainPod(args, {
          container: "metrics",
          words: ["serve-metrics"],
          resources: METRICS_RESOURCES,
          environment: { RAIN_PORT: String(PORTS.metrics), RAIN_DATABASE_SESSIONS: "1" }, // scrapes take turns
          serving: {
            ports: [{ name: "metrics", containerPort: PORTS.metrics }],
            startupProbe: { ...probe, periodSeconds: 2, failureThreshold: 60 },
            livenessProbe: probe,
            readinessProbe: probe,
          },
        }),
        priorityClassName: "trellis-service",
      },
    },
  };
}

export const apiService: k8s.types.input.core.v1.ServiceSpec = {
  selector: LABELS.api,
  ports: [{ name: "http", port: 80, targetPort: "http" }],
};

export const metricsService: k8s.types.input.core.v1.ServiceSpec = {
  selector: LABELS.metrics,
  ports: [{ name: "metrics", port: PORTS.metrics, targetPort: "metrics" }],
};

export function apiAutoscaler(
  environment: Environment,
): k8s.types.input.autoscaling.v2.HorizontalPodAutoscalerSpec {
  const { least, most } = rainServers(environment);
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: RAIN.api },
    minReplicas: least,
    maxReplicas: most,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
  };
}
