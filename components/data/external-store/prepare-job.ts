import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { jobsPod, secretVariable } from "../../shared/pods";
import type { StoreSecrets } from "../minio";
import { ACCESS_KEYS, LABELS, STORE } from "./names";

export interface PrepareJobArgs {
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  /** URL of the S3 endpoint. */
  readonly endpoint: string;
  /** Region that requests are signed for. */
  readonly region: string;
  /** Name of the ConfigMap with the specification and of the Secret with the keys of applications. */
  readonly run: string;
  readonly secrets: StoreSecrets;
}

export const SPECIFICATION_FILE = "specification.json";

/** Suffixes of the files with an application's own keys, as jobs/storage/config.ts reads them. */
export const KEY_FILES = { accessKey: "access-key", secretKey: "secret-key" } as const;

const FOLDERS = {
  specification: "/etc/trellis/specification",
  keys: "/etc/trellis/keys",
  authority: "/etc/trellis/store",
};

/** A Job that runs `jobs storage prepare` once. */
export function prepareJob(args: PrepareJobArgs): k8s.types.input.batch.v1.JobSpec {
  const { image, endpoint, region, run, secrets } = args;
  const { root, authority } = secrets;
  const pod = jobsPod(
    {
      domain: "storage",
      image,
      serviceAccount: STORE.serviceAccount,
      reads: [
        { volume: { name: "specification", configMap: { name: run } }, folder: FOLDERS.specification },
        { volume: { name: "keys", secret: { secretName: run, defaultMode: 0o440 } }, folder: FOLDERS.keys },
        ...(authority === undefined
          ? []
          : [
              {
                volume: { name: "authority", secret: { secretName: authority } },
                folder: FOLDERS.authority,
              },
            ]),
      ],
    },
    {
      container: "prepare",
      words: ["prepare"],
      environment: [
        { name: "STORAGE_ENDPOINT", value: endpoint },
        { name: "STORAGE_REGION", value: region },
        secretVariable("STORAGE_ACCESS_KEY", root.name, ACCESS_KEYS.user),
        secretVariable("STORAGE_SECRET_KEY", root.name, ACCESS_KEYS.password),
        { name: "STORAGE_SPECIFICATION", value: `${FOLDERS.specification}/${SPECIFICATION_FILE}` },
        { name: "STORAGE_KEYS", value: FOLDERS.keys },
        ...(authority === undefined
          ? []
          : [{ name: "NODE_EXTRA_CA_CERTS", value: `${FOLDERS.authority}/ca.crt` }]),
      ],
      memory: ["96Mi", "192Mi"],
      cpu: "50m",
    },
  );
  return {
    backoffLimit: 4,
    activeDeadlineSeconds: 1800,
    template: {
      metadata: { labels: LABELS },
      spec: { ...pod, restartPolicy: "Never", priorityClassName: "trellis-service" },
    },
  };
}
