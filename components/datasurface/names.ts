import { fitIdentifier, kubernetesName, type Platform, type Stream } from "../../jobs/datasurface/model";

/** The user that the job image makes. */
export const JOBS_USER = 1000;

/** What the parts are called in the cluster. */
export const DATASURFACE = {
  serviceAccount: "datasurface",
  simulator: "datasurface-simulator",
  airflowRole: "airflow-runs-jobs",
} as const;

const PART_OF: Record<string, string> = { "app.kubernetes.io/part-of": "datasurface" };

export const LABELS = {
  common: PART_OF,
  simulator: { ...PART_OF, "app.kubernetes.io/name": DATASURFACE.simulator },
};

/** All that Airflow's pod operator asks for; without the events it is refused, and `pods/exec` it never needs. */
export const AIRFLOW_ROLE = [
  { apiGroups: [""], resources: ["pods"], verbs: ["create", "get", "list", "watch", "patch", "delete"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: [""], resources: ["events"], verbs: ["list", "watch"] },
];

/** Kubernetes' names are lower-case; the jobs get the model's own. */
export const platformName = (platform: Platform) => kubernetesName(platform.name);

export const gitConfigMap = (platform: Platform) => `${platformName(platform)}-git-config`;

/** Airflow's longest id of a DAG. */
const dagId = (...parts: string[]) => fitIdentifier(parts.join("_"), 250);

export const infrastructureDag = (platform: Platform) => dagId(platform.name.toLowerCase(), "infrastructure");

/** The dataset is named where the stream is of one dataset alone. */
export const ingestionDag = (stream: Stream) =>
  dagId(stream.platform.name.toLowerCase(), "", ...partsOf(stream), "ingestion");

/** The pod's name leaves room for what Airflow appends. */
export const podName = (...parts: string[]) =>
  kubernetesName(fitIdentifier([...parts, "job"].join("-").toLowerCase(), 54));

export const streamLabel = (stream: Stream) => labelValue(partsOf(stream).join("."));

export const labelValue = (name: string) => fitIdentifier(name, 63).replace(/[^A-Za-z0-9]+$/, "");

export const partsOf = ({ store, datasets }: Stream): string[] =>
  store.capture.consistency === "MULTI_DATASET"
    ? [store.name]
    : [store.name, ...datasets.map(({ name }) => name)];

/** The Secret of a credential of the model, and its keys. */
export const credentialSecret = (credential: string) => ({
  name: kubernetesName(credential),
  user: `${credential.toUpperCase()}_USER`,
  password: `${credential.toUpperCase()}_PASSWORD`,
});
