import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH, secretVariable } from "../../shared/pods";
import { AUTHORITIES_FILE } from "./job-pod";
import { DATASURFACE, LABELS } from "./names";

/** Which database the simulator changes, and how fast. */
export interface SimulatedLoad {
  /** How many pods change the source at once; 0 stops the simulator. */
  readonly replicas: number;

  /** Changes per second of each pod. @default one change every 10 to 25 seconds */
  readonly changesPerSecond?: number | undefined;

  /** The host and name of the database that the simulator changes. The simulator creates missing tables. */
  readonly source: { readonly host: pulumi.Input<string>; readonly database: string };
}

export interface SimulatorArgs extends SimulatedLoad {
  /**
   * A digest of the login and the CA certificates. The simulator reads them only at its start; a new digest restarts
   * it.
   */
  readonly accessDigest: pulumi.Input<string>;

  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
}

export const SIMULATOR_KEYS = { user: "SOURCE_USER", password: "SOURCE_PASSWORD" } as const;

const AUTHORITIES = { name: "authorities", mountPath: "/etc/trellis/authorities", readOnly: true };

/** The Deployment of the simulator, which changes customers and addresses of a source at random. */
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
        automountServiceAccountToken: false, // never calls the Kubernetes API
        enableServiceLinks: false, // otherwise every Service of the namespace adds variables
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
              ...Object.values(SIMULATOR_KEYS).map((key) => secretVariable(key, DATASURFACE.simulator)),
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
