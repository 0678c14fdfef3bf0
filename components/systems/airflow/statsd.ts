import type * as k8s from "@pulumi/kubernetes";
import { pinnedImage } from "../../shared/pinned-image";
import { restrictedContainer, restrictedPod } from "../../shared/pods";
import { versions } from "../../shared/versions";
import { AIRFLOW, labelsOf, PORTS } from "./names";

/** The user `nobody` of the image. */
const USER = 65_534;

const MAPPING = { name: "mapping", mountPath: "/etc/statsd", file: "mapping.yml" };

/** The key of the mapping in its ConfigMap. */
export const MAPPING_FILE = MAPPING.file;

/** The arguments of the exporter. */
export const STATSD_WORDS = [
  `--statsd.mapping-config=${MAPPING.mountPath}/${MAPPING.file}`,
  `--statsd.listen-udp=:${PORTS.statsd}`,
  "--statsd.listen-tcp=", // Airflow sends UDP only
  `--web.listen-address=:${PORTS.metrics}`,
] as const;

/** One exporter for all of Airflow's processes: they send StatsD metrics to it, and Prometheus scrapes it. */
export function statsdDeployment(mappingDigest: string): k8s.types.input.apps.v1.DeploymentSpec {
  return {
    replicas: 1,
    selector: { matchLabels: labelsOf(AIRFLOW.statsd) },
    template: {
      metadata: {
        labels: labelsOf(AIRFLOW.statsd),
        annotations: { "trellis/config-digest": mappingDigest },
      },
      spec: {
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: "trellis-service",
        securityContext: restrictedPod(USER),
        containers: [
          {
            name: "statsd",
            image: pinnedImage(versions.statsdExporter),
            args: [...STATSD_WORDS],
            ports: [
              { name: "statsd", containerPort: PORTS.statsd, protocol: "UDP" },
              { name: "metrics", containerPort: PORTS.metrics },
            ],
            securityContext: restrictedContainer,
            resources: { requests: { cpu: "25m", memory: "32Mi" }, limits: { memory: "128Mi" } },
            readinessProbe: { httpGet: { path: "/-/ready", port: "metrics" }, periodSeconds: 10 },
            livenessProbe: {
              httpGet: { path: "/-/healthy", port: "metrics" },
              periodSeconds: 30,
              timeoutSeconds: 5,
            },
            volumeMounts: [{ name: MAPPING.name, mountPath: MAPPING.mountPath, readOnly: true }],
          },
        ],
        volumes: [{ name: MAPPING.name, configMap: { name: AIRFLOW.statsd } }],
      },
    },
  };
}

export const statsdService: k8s.types.input.core.v1.ServiceSpec = {
  selector: labelsOf(AIRFLOW.statsd),
  ports: [
    { name: "statsd", port: PORTS.statsd, protocol: "UDP" },
    { name: "metrics", port: PORTS.metrics },
  ],
};
