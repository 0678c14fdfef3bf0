import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH, secretVariable } from "../../shared/pods";
import { LABELS, MINIO, REGION } from "./names";
import { ROOT_VARIABLES } from "./server-pod";

export interface ProvisionJobArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** URL of the S3 endpoint. */
  readonly endpoint: pulumi.Input<string>;
  /**
   * Name of both the ConfigMap with the specification and the Secret with the keys that the specification refers to.
   */
  readonly run: string;
  /** Name of the Secret with the root user and its password. */
  readonly rootSecret: pulumi.Input<string>;
  /** Name of the Secret whose `ca.crt` verifies the servers. */
  readonly authoritySecret: pulumi.Input<string>;
}

export const SPECIFICATION_FILE = "specification.json";

const FOLDERS = {
  specification: "/etc/trellis/specification",
  keys: "/etc/trellis/keys",
  authority: "/etc/trellis/minio",
};

/** A Job that runs `jobs storage provision` once. */
export function provisionJob(args: ProvisionJobArgs): k8s.types.input.batch.v1.JobSpec {
  const mount = (name: keyof typeof FOLDERS) => ({ name, mountPath: FOLDERS[name], readOnly: true });
  const root = (name: string, key: string) => secretVariable(name, args.rootSecret, key);
  return {
    backoffLimit: 6, // minutes in which the servers must find each other; after that a person is needed
    activeDeadlineSeconds: 1800, // writes wait for drives that are offline
    template: {
      metadata: { labels: LABELS.provision },
      spec: {
        restartPolicy: "Never",
        serviceAccountName: MINIO.provision,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        priorityClassName: "trellis-service", // applications wait for it
        securityContext: restrictedPod(JOBS_USER),
        containers: [
          {
            name: "provision",
            image: args.image,
            args: ["storage", "provision"],
            env: [
              { name: "STORAGE_ENDPOINT", value: args.endpoint },
              { name: "STORAGE_REGION", value: REGION },
              root("STORAGE_ROOT_USER", ROOT_VARIABLES.user),
              root("STORAGE_ROOT_PASSWORD", ROOT_VARIABLES.password),
              { name: "STORAGE_SPECIFICATION", value: `${FOLDERS.specification}/${SPECIFICATION_FILE}` },
              { name: "STORAGE_KEYS", value: FOLDERS.keys },
              { name: "NODE_EXTRA_CA_CERTS", value: `${FOLDERS.authority}/ca.crt` },
            ],
            securityContext: restrictedContainer,
            resources: { requests: { cpu: "50m", memory: "96Mi" }, limits: { memory: "192Mi" } },
            volumeMounts: [mount("specification"), mount("keys"), mount("authority"), SCRATCH.mount],
          },
        ],
        volumes: [
          { name: "specification", configMap: { name: args.run } },
          { name: "keys", secret: { secretName: args.run, defaultMode: 0o440 } },
          { name: "authority", secret: { secretName: args.authoritySecret } },
          SCRATCH.volume,
        ],
      },
    },
  };
}
