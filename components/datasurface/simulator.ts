import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer, restrictedPod, SCRATCH } from "../workload";
import { credentialSecret, DATASURFACE, JOBS_USER, LABELS } from "./names";

export interface SimulatorArgs {
  readonly image: pulumi.Input<string>;

  /** How many change the source at once; 0 stops it. */
  readonly replicas: number;

  /** The database that is changed; its tables are made where they are missing. */
  readonly source: {
    readonly host: pulumi.Input<string>;
    readonly database: string;
    /** As in the model. */
    readonly credential: string;
  };
}

/** The Deployment that changes customers and addresses of a source at random. */
export function simulatorDeployment({
  image,
  replicas,
  source,
}: SimulatorArgs): k8s.types.input.apps.v1.DeploymentSpec {
  const { name, user, password } = credentialSecret(source.credential);
  return {
    replicas,
    selector: { matchLabels: LABELS.simulator },
    template: {
      metadata: { labels: LABELS.simulator },
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
            args: ["datasurface", "simulate", "--create-tables"],
            securityContext: restrictedContainer,
            env: [
              { name: "SOURCE_HOST", value: source.host },
              { name: "SOURCE_DATABASE", value: source.database },
              { name: "SOURCE_USER", valueFrom: { secretKeyRef: { name, key: user } } },
              { name: "SOURCE_PASSWORD", valueFrom: { secretKeyRef: { name, key: password } } },
            ],
            resources: {
              requests: { cpu: "25m", memory: "128Mi" },
              limits: { cpu: "250m", memory: "256Mi" },
            },
            volumeMounts: [SCRATCH.mount],
          },
        ],
        volumes: [SCRATCH.volume],
      },
    },
  };
}
