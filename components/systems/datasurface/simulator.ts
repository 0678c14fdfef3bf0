import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { AUTHORITIES_FILE } from "./job-pod";
import { DATASURFACE, LABELS } from "./names";

export interface SimulatorArgs {
  /** Changes with its login and its authorities, which it reads only when it starts. */
  readonly accessDigest: pulumi.Input<string>;

  readonly image: pulumi.Input<string>;

  /** How many change the source at once; 0 stops it. */
  readonly replicas: number;

  /** Changes a second. @default one in 10 to 25 seconds */
  readonly changesPerSecond?: number | undefined;

  /** The database that is changed; its tables are made where they are missing. */
  readonly source: { readonly host: pulumi.Input<string>; readonly database: string };
}

/** The keys of the simulator's Secret. */
export const SIMULATOR_KEYS = { user: "SOURCE_USER", password: "SOURCE_PASSWORD" } as const;

const AUTHORITIES = { name: "authorities", mountPath: "/etc/trellis/authorities", readOnly: true };

/** The Deployment that changes customers and addresses of a source at random. */
export function simulatorDeployment({
  accessDigest,
  image,
  replicas,
  changesPerSecond,
  source,
}: SimulatorArgs): k8s.types.input.apps.v1.DeploymentSpec {
  const pace =
    changesPerSecond === undefined
      ? ["--min-interval", "10", "--max-interval", "25"]
      : ["--rate", String(changesPerSecond)];
  return {
    replicas,
    selector: { matchLabels: LABELS.simulator },
    template: {
      metadata: { labels: LABELS.simulator, annotations: { "trellis/access-digest": accessDigest } },
      spec: {
        serviceAccountName: DATASURFACE.serviceAccount,
        automountServiceAccountToken: false, // nothing here talks to Kubernetes
        enableServiceLinks: false, // or every Service of the namespace would add variables
        priorityClassName: "trellis-job",
        securityContext: restrictedPod(JOBS_USER),
        containers: [
          {
            name: DATASURFACE.simulator,
            image,
            args: ["datasurface", "simulate", "--create-tables", ...pace],
            securityContext: restrictedContainer,
            env: [
              { name: "LOG_FORMAT", value: "json" },
              { name: "SOURCE_HOST", value: source.host },
              { name: "SOURCE_DATABASE", value: source.database },
              { name: "SOURCE_SSLMODE", value: "verify-full" },
              { name: "SOURCE_SSLROOTCERT", value: `${AUTHORITIES.mountPath}/${AUTHORITIES_FILE}` },
              ...Object.values(SIMULATOR_KEYS).map((key) => ({
                name: key,
                valueFrom: { secretKeyRef: { name: DATASURFACE.simulator, key } },
              })),
            ],
            resources: {
              requests: { cpu: "25m", memory: "128Mi" },
              limits: { cpu: "250m", memory: "256Mi" },
            },
            volumeMounts: [SCRATCH.mount, AUTHORITIES],
          },
        ],
        volumes: [SCRATCH.volume, { name: AUTHORITIES.name, configMap: { name: DATASURFACE.authorities } }],
      },
    },
  };
}
