import type { Platform } from "../../../jobs/datasurface";
import { credentialSecret, platformLabels, platformName } from "../../../jobs/datasurface";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { JOB_CONTAINER } from "../airflow";
import { tracesEnvironment } from "../traces";
import { DATASURFACE, gitConfigMap, gitSecret, infrastructureName, streamListName } from "./names";

/** What all pods of the ingestion jobs share. */
export interface IngestionArgs {
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: string;

  /** The host of the merge database's server. */
  readonly mergeHost: string;

  /** The namespace of the stream lists. */
  readonly airflowNamespace: string;

  /** How many datasets of a store a run reads at once. @default 1 */
  readonly datasetsAtOnce?: number;

  /** Where traces go. @default none are recorded */
  readonly traces?: string | undefined;

  /** Whether a ConfigMap contains the model; false where the jobs read it from a repository. */
  readonly carriesModel: boolean;
}

export interface JobPodArgs extends IngestionArgs {
  /** The parts of the model that a pod needs before it reads the model. */
  readonly provider: {
    /** The name of the merge database. */
    readonly mergeDatabase: string;
    /** The model's credential for the merge database. */
    readonly mergeCredential: string;
    /** The model's credential for the repository. */
    readonly gitCredential: string;
  };
}

const RESOURCES = {
  requests: { cpu: "100m", memory: "256Mi" },
  limits: { cpu: "500m", memory: "1Gi" },
};

/** A run of this length is stuck. The next run continues the work. */
const DEADLINE_SECONDS = 6 * 60 * 60;

const GIT_CACHE = { name: "git-cache", mountPath: "/cache/git-cache" };
const AUTHORITIES = { name: "authorities", mountPath: "/etc/trellis/authorities", readOnly: true };
const MODEL = { name: "model", mountPath: "/etc/trellis/model", readOnly: true };
const ACCOUNT = { name: "account", mountPath: "/var/run/secrets/trellis/kubernetes", readOnly: true };

/** The file with the CA certificates of all database servers. */
export const AUTHORITIES_FILE = "ca.crt";

/** The mount path of the model's ConfigMap. */
export const MODEL_FOLDER = MODEL.mountPath;

/** The pod of every ingestion job of a platform. Airflow adds arguments, labels and the settings of the stream. */
export function ingestionPod(args: JobPodArgs, platform: Platform) {
  return jobPod(args, platform, DATASURFACE.serviceAccount);
}

/**
 * The pod of a platform's infrastructure job. Only this pod has a service account token, because only this job uses the
 * Kubernetes API.
 */
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

/** Label of the pods that may connect to the Kubernetes API. */
const INFRASTRUCTURE_LABEL = { "datasurface/job": "infrastructure" };

function jobPod(args: JobPodArgs, platform: Platform, account: string) {
  const { image, mergeHost, datasetsAtOnce = 1, traces, carriesModel } = args;
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
      enableServiceLinks: false, // otherwise every Service of the namespace adds variables
      restartPolicy: "Never", // Airflow decides about retries
      activeDeadlineSeconds: DEADLINE_SECONDS,
      priorityClassName: "trellis-job",
      securityContext: restrictedPod(JOBS_USER),
      containers: [
        {
          name: JOB_CONTAINER,
          image,
          // A tag can point to another image later; a digest cannot.
          imagePullPolicy: image.includes("@sha256:") ? "IfNotPresent" : "Always",
          securityContext: restrictedContainer,
          envFrom: [{ configMapRef: { name: gitConfigMap(platform) } }],
          env: [
            { name: "HOME", value: SCRATCH.mount.mountPath }, // git reads its configuration there
            { name: "LOG_FORMAT", value: "json" },
            { name: "MERGE_HOST", value: mergeHost },
            { name: "MERGE_DATABASE", value: mergeDatabase },
            { name: "MERGE_SSLMODE", value: "verify-full" },
            { name: "MERGE_SSLROOTCERT", value: authorities },
            { name: "MERGE_USER", ...fromSecret(merge.name, merge.user) },
            { name: "MERGE_PASSWORD", ...fromSecret(merge.name, merge.password) },
            { name: "SOURCE_SSLROOTCERT", value: authorities },
            ...(datasetsAtOnce > 1 ? [{ name: "DATASETS_AT_ONCE", value: String(datasetsAtOnce) }] : []),
            ...tracesEnvironment(traces),
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
