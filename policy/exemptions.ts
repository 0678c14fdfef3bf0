/** A violation that is allowed for now. */
export interface Exemption {
  /** The rule's name. */
  readonly rule: string;
  /** What may violate it, as findings name it. A `*` stands for any characters. */
  readonly resource: string;
  /** Why the violation is acceptable until then. */
  readonly reason: string;
  /** The last day of the exemption (YYYY-MM-DD). Then the violation counts again, and the check fails. */
  readonly until: string;
}

const TAGS = "The image is pinned by version until `npx trellis pins` has written its digest.";
const CHARTS = "The chart is pinned by version until `npx trellis pins` has written its digest.";
const HETZNER_CHARTS =
  "Hetzner publishes its charts in a repository that cannot be asked by digest; only its own controllers come from there.";
const UPGRADES =
  "The upgrade controller drains nodes and replaces K3s on the host as root; no smaller right permits that.";

/**
 * Every exemption from the rules. Remove one when its violation is gone: the check fails for an exemption that nothing
 * uses, and for one that has ended.
 */
export const EXEMPTIONS: readonly Exemption[] = [
  { rule: "images-by-digest", resource: "* airflow/airflow-*", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "StatefulSet storage/minio", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "StatefulSet postgres/etcd", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "Deployment gardenos/auth", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "Deployment gardenos/rest", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "Deployment gardenos/storage", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "DaemonSet system-upgrade/kured", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "DaemonSet logs/log-agent", reason: TAGS, until: "2027-03-31" },
  { rule: "images-by-digest", resource: "Deployment system-upgrade/*", reason: TAGS, until: "2027-03-31" },
  {
    rule: "charts-by-digest",
    resource: "HelmChart kube-system/cert-manager",
    reason: CHARTS,
    until: "2027-03-31",
  },
  {
    rule: "charts-by-digest",
    resource: "HelmChart kube-system/kube-prometheus-stack",
    reason: CHARTS,
    until: "2027-03-31",
  },
  {
    rule: "charts-by-digest",
    resource: "HelmChart kube-system/hcloud-*",
    reason: HETZNER_CHARTS,
    until: "2027-11-30",
  },
  {
    rule: "images-by-digest",
    resource: "Plan system-upgrade/*",
    reason: "The controller appends K3s' release as the tag, so the image cannot have a digest.",
    until: "2027-11-30",
  },
  {
    rule: "minimal-rbac",
    resource: "Role */trellis-traefik",
    reason:
      "Traefik watches the Secrets of the namespaces with an Ingress for their certificates; RBAC cannot limit a watch by type.",
    until: "2027-11-30",
  },
  {
    rule: "restricted-pods",
    resource: "DaemonSet system-upgrade/kured",
    reason:
      "kured enters the host's mounts to look whether a reboot is due and to reboot; no smaller right permits that.",
    until: "2027-11-30",
  },
  {
    rule: "restricted-pods",
    resource: "DaemonSet logs/log-agent",
    reason: "The kubelet and the API server write their logs for root alone, into folders of the server.",
    until: "2027-11-30",
  },
  {
    rule: "restricted-pods",
    resource: "Namespace logs",
    reason: "The agents of logs read folders of the server; the store beside them is restricted.",
    until: "2027-11-30",
  },
  { rule: "restricted-pods", resource: "Namespace system-upgrade", reason: UPGRADES, until: "2027-11-30" },
  {
    rule: "restricted-pods",
    resource: "Namespace monitoring",
    reason: "The node exporter reads the host's file system and network.",
    until: "2027-11-30",
  },
  {
    rule: "minimal-rbac",
    resource: "ClusterRoleBinding system-upgrade",
    reason: UPGRADES,
    until: "2027-11-30",
  },
  {
    rule: "minimal-rbac",
    resource: "Role */trellis-developer",
    reason:
      "Developers forward ports to the pods of the systems, whose network policies would otherwise keep them out.",
    until: "2027-11-30",
  },
  {
    rule: "probes",
    resource: "Deployment system-upgrade/system-upgrade-controller",
    reason: "The controller has no endpoint that tells its health.",
    until: "2027-11-30",
  },
  {
    rule: "probes",
    resource: "StatefulSet postgres/postgres",
    reason: "A backup server that is not ready must not take PostgreSQL out of its Services.",
    until: "2027-11-30",
  },
  {
    rule: "probes",
    resource: "Deployment postgres/postgres-archive",
    reason: "No Service selects the pod: only Prometheus reads its metrics, ready or not.",
    until: "2027-11-30",
  },
  {
    rule: "probes",
    resource: "Deployment postgres/postgres-recovery",
    reason: "The pod waits for an operator's commands; there is nothing to probe.",
    until: "2027-11-30",
  },
  {
    rule: "probes",
    resource: "Deployment datasurface/datasurface-simulator",
    reason: "The simulator exits on an error, and only dev and tests depend on it.",
    until: "2027-11-30",
  },
];

export function matches({ resource: pattern }: Pick<Exemption, "resource">, resource: string): boolean {
  const expression = pattern.split("*").map((part) => part.replaceAll(/[\\^$.|?+()[\]{}/-]/g, "\\$&"));
  return new RegExp(`^${expression.join(".*")}$`).test(resource);
}
