/** A finding of a judge from outside that we accept. */
export interface AcceptedFinding {
  readonly judge: "bandit" | "checkov" | "gitleaks" | "kube-score";
  /** What the judge calls it. */
  readonly rule: string;
  /** Where: a file, or an object such as `StatefulSet storage/minio`. A `*` stands for any characters. */
  readonly where: string;
  /** Why it is no fault. */
  readonly why: string;
}

const EXEMPTED = "Exempted in policy/exemptions.ts with a reason for each.";
const NO_PROCESSOR_LIMIT =
  "No limit of the processor: it slows a pod down on an idle server, and requests share it fairly (policy/rules/limits.ts).";
const NOT_ALWAYS_PULLED =
  "`Always` asks the registry at each start. Our images are named by digest and the others by version, so what is on the node is right.";
const USERS_OF_IMAGES =
  "It wants ids above 10000. The users are those of the images, which own files in them; none is root.";
const NAMES_OF_FIELDS = "The words are names of fields of a private key, and not a key.";

/** Every accepted finding. Each must still be found, or the test of the judges fails. */
export const ACCEPTED: readonly AcceptedFinding[] = [
  {
    judge: "gitleaks",
    rule: "generic-api-key",
    where: "test/rigs/engine/parity.ts",
    why: "Pulumi's protocol marks a secret with this number; it is public and the same everywhere.",
  },
  {
    judge: "gitleaks",
    rule: "generic-api-key",
    where: "test/support/engine/wire.ts",
    why: "The same number.",
  },
  { judge: "gitleaks", rule: "generic-api-key", where: "test/support/engine/leaks.ts", why: NAMES_OF_FIELDS },
  { judge: "gitleaks", rule: "generic-api-key", where: "local/monitor/outputs*.ts", why: NAMES_OF_FIELDS },
  {
    judge: "gitleaks",
    rule: "private-key",
    where: "test/integration/cli/diagnose/diagnose.test.ts",
    why: "The test makes it of random bytes, to search the archive for it.",
  },
  {
    judge: "bandit",
    rule: "B404",
    where: "components/data/postgres/images/member/trellis-archive-gap.py",
    why: "It has to run pgBackRest.",
  },
  {
    judge: "bandit",
    rule: "B603",
    where: "components/data/postgres/images/member/trellis-archive-gap.py",
    why: "The arguments are a list, without a shell, and come from Patroni's configuration.",
  },
  {
    judge: "bandit",
    rule: "B310",
    where: "components/systems/airflow/dags/trellis_factory.py",
    why: "The address is Slack's, a constant with https, which nothing but a test replaces.",
  },
  ...["B404", "B603"].map(
    (rule): AcceptedFinding => ({
      judge: "bandit",
      rule,
      where: "components/servers/machine/report-first-boot.py",
      why: "It runs journalctl and openssl, without a shell; the arguments are constants and this server's own address.",
    }),
  ),
  {
    judge: "bandit",
    rule: "B104",
    where: "components/servers/machine/report-first-boot.py",
    why: "It holds the port that HAProxy takes later at every address, and asks each client for a certificate of the cluster.",
  },
  ...["B605", "B607"].map(
    (rule): AcceptedFinding => ({
      judge: "bandit",
      rule,
      where: "components/servers/machine/unpack.py",
      why: "The command is a constant, and cloud-init runs the script as root with a PATH of its own.",
    }),
  ),
  ...everywhere("checkov", {
    CKV_K8S_8: EXEMPTED,
    CKV_K8S_9: EXEMPTED,
    CKV_K8S_11: NO_PROCESSOR_LIMIT,
    CKV_K8S_15: NOT_ALWAYS_PULLED,
    CKV_K8S_35:
      "Whoever can read the environment of a container's process can read its files too. Each container gets only its own secrets.",
    CKV_K8S_40: USERS_OF_IMAGES,
    CKV_K8S_43:
      "Third-party images have a version until `npx trellis pins` has written their digests (rule images-by-digest).",
  }),
  ...[
    "Deployment.postgres.postgres-discovery",
    "*.postgres.postgres-volumes*",
    "*.storage.minio-volumes*",
    "Deployment.airflow.airflow-scheduler",
    "Deployment.airflow.airflow-triggerer",
    "*.operations.operations-*",
  ].map(
    (where): AcceptedFinding => ({
      judge: "checkov",
      rule: "CKV_K8S_38",
      where,
      why: "It works with the Kubernetes API, by a role with the rights that it needs (policy/rules/minimal-rbac.ts).",
    }),
  ),
  ...everywhere("kube-score", {
    "container-image-pull-policy": NOT_ALWAYS_PULLED,
    "container-ephemeral-storage-request-and-limit":
      "The LimitRange of each namespace gives both to every container that sets none.",
    "container-resources": NO_PROCESSOR_LIMIT,
    "container-security-context-user-group-id": USERS_OF_IMAGES,
    "networkpolicy-targets-pod":
      "It does not see the pods of charts and those that Airflow and cert-manager create, or selects none on purpose.",
    "deployment-replicas": "Exporters and helpers, which nothing waits for while they start again.",
    "deployment-has-host-podantiaffinity":
      "Topology spread constraints do the same, and allow more pods than nodes.",
    "statefulset-has-host-podantiaffinity":
      "Topology spread constraints do the same, as `minio.strictSpread` wants.",
    "pod-probes-identical": "One endpoint tells both, and the liveness probe is much more patient.",
    "pod-probes": EXEMPTED,
    "service-targets-pod":
      "The StatefulSet's controller sets the label with the pod's name, which the manifest lacks.",
    "service-type":
      "HAProxy on the servers reaches each member by its NodePort; Hetzner's firewall closes them.",
    "horizontalpodautoscaler-has-target":
      "K3s brings the Deployment of CoreDNS, which is in no manifest of ours.",
    "deployment-strategy": "The recovery pod owns a volume that only one pod can mount.",
  }),
];

/** Choices that hold for every object. */
function everywhere(
  judge: AcceptedFinding["judge"],
  reasons: Readonly<Record<string, string>>,
): AcceptedFinding[] {
  return Object.entries(reasons).map(([rule, why]) => ({ judge, rule, where: "*", why }));
}
