import type { Platform } from "../../../jobs/datasurface";
import { kubernetesName, platformName } from "../../../jobs/datasurface";

/** What the parts are called in the cluster. */
export const DATASURFACE = {
  serviceAccount: "datasurface",
  simulator: "datasurface-simulator",
  dashboard: "datasurface-dashboard",
  airflowRole: "airflow-runs-jobs",
  /** The authorities by which the jobs know the database servers. */
  authorities: "datasurface-authorities",
  /** The model, where no repository has it. */
  model: "datasurface-model",
  /** Airflow's pool of jobs. */
  pool: "datasurface",
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

/** What the daily work of a platform may do beyond its databases: bring one ConfigMap to what the model says. */
export const streamListRole = (platform: Platform) => [
  {
    apiGroups: [""],
    resources: ["configmaps"],
    resourceNames: [streamListName(platform)],
    verbs: ["get", "patch"],
  },
];

export const gitConfigMap = (platform: Platform) => `${platformName(platform)}-git-config`;

/** The ConfigMap with a platform's streams, among Airflow's DAGs. */
export const streamListName = (platform: Platform) => `${platformName(platform)}-streams`;

/** The daily work's account, and the Job that does it at each deployment. */
export const infrastructureName = (platform: Platform) => `${platformName(platform)}-infrastructure`;

export const gitSecret = (credential: string) => kubernetesName(credential);
