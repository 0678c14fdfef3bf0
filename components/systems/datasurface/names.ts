import type * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../../../jobs/datasurface";
import { kubernetesName, platformName } from "../../../jobs/datasurface";

/** Names of DataSurface's objects in the cluster. */
export const DATASURFACE = {
  serviceAccount: "datasurface",
  simulator: "datasurface-simulator",
  dashboard: "datasurface-dashboard",
  airflowRole: "airflow-runs-jobs",
  /** The CA certificates of the database servers. */
  authorities: "datasurface-authorities",
  /** The model, where no repository contains it. */
  model: "datasurface-model",
  /** The Airflow pool that limits the jobs. */
  pool: "datasurface",
} as const;

const PART_OF: Record<string, string> = { "app.kubernetes.io/part-of": "datasurface" };

export const LABELS = {
  common: PART_OF,
  simulator: { ...PART_OF, "app.kubernetes.io/name": DATASURFACE.simulator },
};

export const metadata = (object: string, namespace: pulumi.Input<string>, labels = LABELS.common) => ({
  name: object,
  namespace,
  labels,
});

/** The permissions that Airflow's pod operator needs. It fails without the events; it never needs `pods/exec`. */
export const AIRFLOW_ROLE = [
  { apiGroups: [""], resources: ["pods"], verbs: ["create", "get", "list", "watch", "patch", "delete"] },
  { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
  { apiGroups: [""], resources: ["events"], verbs: ["list", "watch"] },
];

/** The permissions of a platform's infrastructure job: it may update one ConfigMap, its stream list. */
export const streamListRole = (platform: Platform) => [
  {
    apiGroups: [""],
    resources: ["configmaps"],
    resourceNames: [streamListName(platform)],
    verbs: ["get", "patch"],
  },
];

export const gitConfigMap = (platform: Platform) => `${platformName(platform)}-git-config`;

/** The ConfigMap with a platform's streams, a file of Airflow's DAG folder. */
export const streamListName = (platform: Platform) => `${platformName(platform)}-streams`;

/** The name of the infrastructure job's service account, and of the Job at each deployment. */
export const infrastructureName = (platform: Platform) => `${platformName(platform)}-infrastructure`;

export const gitSecret = (credential: string) => kubernetesName(credential);
