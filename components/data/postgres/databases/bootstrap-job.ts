import type * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  JOBS_USER,
  restrictedContainer,
  restrictedPod,
  SCRATCH,
  secretVariable,
  serviceHost,
} from "../../../shared/pods";
import { SERVER_FOLDER, secretVolume } from "../job-pod";
import { PASSWORD_VARIABLES } from "../logins";
import { LABELS, POSTGRES } from "../names";

export interface BootstrapJobArgs {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;
  /** The jobs image; its entrypoint is `jobs`. A new image runs with the next specification. */
  readonly image: pulumi.Input<string>;
  /**
   * Name of both the ConfigMap with the specification and the Secret with the passwords that the specification refers
   * to.
   */
  readonly run: string;
  /** Name of the Secret with the members' passwords, the superuser's included. */
  readonly passwords: pulumi.Input<string>;
  /** Name of the Secret whose `ca.crt` verifies the members. */
  readonly serverCertificate: pulumi.Input<string>;
}

export const SPECIFICATION_FILE = "specification.json";

const PASSWORDS_FOLDER = "/etc/trellis/passwords";
const SPECIFICATION_FOLDER = "/etc/trellis/specification";

/** A Job that runs `jobs postgres bootstrap` once. */
export function bootstrapJob(args: BootstrapJobArgs): k8s.types.input.batch.v1.JobSpec {
  const { namespace, image, run, passwords, serverCertificate } = args;
  const mount = (name: string, mountPath: string) => ({ name, mountPath, readOnly: true });
  return {
    backoffLimit: 6, // minutes in which a leader must appear; after that a person is needed
    template: {
      metadata: { labels: LABELS.bootstrap },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: POSTGRES.bootstrap,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: "trellis-service", // applications wait for it
        securityContext: restrictedPod(JOBS_USER),
        containers: [
          {
            name: "bootstrap",
            image,
            args: ["postgres", "bootstrap"],
            env: [
              { name: "POSTGRES_SPECIFICATION", value: `${SPECIFICATION_FOLDER}/${SPECIFICATION_FILE}` },
              { name: "POSTGRES_PASSWORDS", value: PASSWORDS_FOLDER },
              // Drop logins older than the previous epoch, which nobody should use any more.
              { name: "POSTGRES_RETIRE", value: "true" },
              { name: "POSTGRES_HOST", value: serviceHost(POSTGRES.primary, namespace) },
              { name: "POSTGRES_USER", value: "postgres" },
              { name: "POSTGRES_SSLMODE", value: "verify-full" },
              { name: "POSTGRES_SSLROOTCERT", value: `${SERVER_FOLDER}/ca.crt` },
              secretVariable("POSTGRES_PASSWORD", passwords, PASSWORD_VARIABLES.superuser),
              {
                name: "PATRONI_URL",
                value: pulumi.interpolate`https://${serviceHost(POSTGRES.headless, namespace)}:${POSTGRES.ports.rest}`,
              },
              { name: "PATRONI_CACERT", value: `${SERVER_FOLDER}/ca.crt` },
              secretVariable("PATRONI_PASSWORD", passwords, PASSWORD_VARIABLES.rest),
            ],
            securityContext: restrictedContainer,
            resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "192Mi" } },
            volumeMounts: [
              mount("specification", SPECIFICATION_FOLDER),
              mount("passwords", PASSWORDS_FOLDER),
              mount("authority", SERVER_FOLDER),
              SCRATCH.mount,
            ],
          },
        ],
        volumes: [
          { name: "specification", configMap: { name: run } },
          secretVolume("passwords", run),
          {
            name: "authority",
            secret: { secretName: serverCertificate, items: [{ key: "ca.crt", path: "ca.crt" }] },
          },
          SCRATCH.volume,
        ],
      },
    },
  };
}
