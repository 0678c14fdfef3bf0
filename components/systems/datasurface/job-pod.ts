import type { Platform } from "../../../jobs/datasurface";
import { credentialSecret, platformLabels, platformName } from "../../../jobs/datasurface";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { JOB_CONTAINER } from "../airflow";
import { DATASURFACE, gitConfigMap, gitSecret, infrastructureName, streamListName } from "./names";

export interface JobPodArgs {
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: string;

  /** The server of the merge database. */
  readonly mergeHost: string;

  /** What of the model the pods need to know before they have read it. */
  readonly provider: {
    readonly mergeDatabase: string;
    readonly mergeCredential: string;
    readonly gitCredential: string;
  };

  /** Where the stream lists are. */
  readonly airflowNamespace: string;

  /** Whether the model comes with the deployment, and not from a repository. */
  readonly carriesModel: boolean;
}

/** What a job may use: requested, and at most. */
const RESOURCES = {
  requests: { cpu: "100m", memory: "256Mi" },
  limits: { cpu: "500m", memory: "1Gi" },
};

/** A run that is longer under way is certainly stuck. What it had begun, the next run continues. */
const DEADLINE_SECONDS = 6 * 60 * 60;

const GIT_CACHE = { name: "git-cache", mountPath: "/cache/git-cache" };
const AUTHORITIES = { name: "authorities", mountPath: "/etc/trellis/authorities", readOnly: true };
const MODEL = { name: "model", mountPath: "/etc/trellis/model", readOnly: true };
const ACCOUNT = { name: "account", mountPath: "/var/run/secrets/trellis/kubernetes", readOnly: true };

/** The file with the authorities of all database servers. */
export const AUTHORITIES_FILE = "ca.crt";

/** Where the jobs find the model that a ConfigMap carries. */
export const MODEL_FOLDER = MODEL.mountPath;

/** The pod of every job of a platform; Airflow adds its arguments, its labels and what is a stream's own. */
export function ingestionPod(args: JobPodArgs, platform: Platform) {
  return jobPod(args, platform, DATASURFACE.serviceAccount);
}

/** The pod of a platform's daily work: the one that talks to Kubernetes, and so alone has a token. */
export function infrastructurePod(args: JobPodArgs, platform: Platform) {
  const { spec, ...pod } = jobPod(args, platform, infrastructureName(platform));
  const [container] = spec.containers;
  if (!container) throw new Error("a job's pod has no container");
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...INFRASTRUCTURE_LABEL } },
    spec: {
      ...spec,
      containers: [
        {
          ...container,
          env: [
            ...container.env,
            { name: "STREAM_LIST", value: `${args.airflowNamespace}/${streamListName(platform)}` },
            { name: "SERVICE_ACCOUNT_FOLDER", value: ACCOUNT.mountPath },
          ],
          volumeMounts: [...container.volumeMounts, ACCOUNT],
        },
      ],
      volumes: [
        ...spec.volumes,
        {
          name: ACCOUNT.name,
          projected: {
            sources: [
              { serviceAccountToken: { path: "token", expirationSeconds: 3600 } },
              { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
            ],
          },
        },
      ],
    },
  };
}

/** Marks the pods that may talk to the Kubernetes API. */
export const INFRASTRUCTURE_LABEL = { "datasurface/job": "infrastructure" };

function jobPod(args: JobPodArgs, platform: Platform, account: string) {
  const { image, mergeHost, carriesModel } = args;
  const { mergeDatabase, mergeCredential, gitCredential } = args.provider;
  const merge = credentialSecret(mergeCredential);
  const authorities = `${AUTHORITIES.mountPath}/${AUTHORITIES_FILE}`;
  const fromSecret = (name: string, key: string, optional?: true) => ({
    valueFrom: { secretKeyRef: { name, key, ...(optional && { optional }) } },
  });
  return {
    apiVersion: "v1" as const,
    kind: "Pod" as const,
    metadata: { name: `${platformName(platform)}-job`, labels: platformLabels(platform) },
    spec: {
      serviceAccountName: account,
      automountServiceAccountToken: false,
      enableServiceLinks: false, // or every Service of the namespace would add variables
      restartPolicy: "Never", // Airflow decides what follows
      activeDeadlineSeconds: DEADLINE_SECONDS,
      priorityClassName: "trellis-job",
      securityContext: restrictedPod(JOBS_USER),
      containers: [
        {
          name: JOB_CONTAINER,
          image,
          // A digest cannot come to mean another image; a tag can.
          imagePullPolicy: image.includes("@sha256:") ? "IfNotPresent" : "Always",
          securityContext: restrictedContainer,
          envFrom: [{ configMapRef: { name: gitConfigMap(platform) } }],
          env: [
            { name: "HOME", value: SCRATCH.mount.mountPath }, // git wants to read its settings there
            { name: "LOG_FORMAT", value: "json" },
            { name: "MERGE_HOST", value: mergeHost },
            { name: "MERGE_DATABASE", value: mergeDatabase },
            { name: "MERGE_SSLMODE", value: "verify-full" },
            { name: "MERGE_SSLROOTCERT", value: authorities },
            { name: "MERGE_USER", ...fromSecret(merge.name, merge.user) },
            { name: "MERGE_PASSWORD", ...fromSecret(merge.name, merge.password) },
            { name: "SOURCE_SSLROOTCERT", value: authorities },
            { name: "GIT_TOKEN", ...fromSecret(gitSecret(gitCredential), "token", true) },
          ],
          resources: RESOURCES,
          volumeMounts: [SCRATCH.mount, GIT_CACHE, AUTHORITIES, ...(carriesModel ? [MODEL] : [])],
        },
      ],
      volumes: [
        SCRATCH.volume,
        { name: GIT_CACHE.name, emptyDir: { sizeLimit: "1Gi" } },
        { name: AUTHORITIES.name, configMap: { name: DATASURFACE.authorities } },
        ...(carriesModel ? [{ name: MODEL.name, configMap: { name: DATASURFACE.model } }] : []),
      ],
    },
  };
}
