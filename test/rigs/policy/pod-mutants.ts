import { change, type Mutant, object, type Path, put, remove, withAt } from "./mutation";

const rain = object("Deployment", "rain-api");
const POD: Path = ["spec", "template", "spec"];
const FIRST: Path = [...POD, "containers", 0];
const context = (...path: Path): Path => [...FIRST, "securityContext", ...path];
const nightly = object("CronJob", "backup-create");
const NIGHTLY: Path = ["spec", "jobTemplate", "spec", "template", "spec"];
const minio = object("StatefulSet", "minio");
const migration = object("Job", "rain-migration");
const defaultAccount = object("ServiceAccountPatch", "default", "rain-tracker");
const LABEL = "pod-security.kubernetes.io/enforce";

/** Weakened pods. */
export const POD_MUTANTS: readonly Mutant[] = [
  ["restricted-pods", "a privileged container", put(rain, context("privileged"), true)],
  ["restricted-pods", "escalation allowed", put(rain, context("allowPrivilegeEscalation"), true)],
  ["restricted-pods", "escalation not forbidden", put(rain, context("allowPrivilegeEscalation"), undefined)],
  ["restricted-pods", "a writable root", put(rain, context("readOnlyRootFilesystem"), false)],
  [
    "restricted-pods",
    "a writable root of a job",
    put(migration, context("readOnlyRootFilesystem"), undefined),
  ],
  ["restricted-pods", "capabilities not dropped", put(rain, context("capabilities"), undefined)],
  ["restricted-pods", "a capability added", put(rain, context("capabilities", "add"), ["SYS_ADMIN"])],
  ["restricted-pods", "no security context", put(rain, context(), undefined)],
  ["restricted-pods", "root allowed", put(rain, [...POD, "securityContext", "runAsNonRoot"], undefined)],
  ["restricted-pods", "root in a container", put(rain, context("runAsUser"), 0)],
  ["restricted-pods", "root in a CronJob", put(nightly, [...NIGHTLY, "securityContext", "runAsUser"], 0)],
  [
    "restricted-pods",
    "no seccomp profile",
    put(rain, [...POD, "securityContext", "seccompProfile"], undefined),
  ],
  [
    "restricted-pods",
    "an unconfined container",
    put(rain, context("seccompProfile"), { type: "Unconfined" }),
  ],
  ["restricted-pods", "all of /proc", put(rain, context("procMount"), "Unmasked")],
  ["restricted-pods", "the node's network", put(rain, [...POD, "hostNetwork"], true)],
  ["restricted-pods", "the node's processes", put(rain, [...POD, "hostPID"], true)],
  ["restricted-pods", "the node's shared memory", put(minio, [...POD, "hostIPC"], true)],
  [
    "restricted-pods",
    "a path of the node",
    put(rain, [...POD, "volumes"], [{ name: "scratch", hostPath: { path: "/var/run" } }]),
  ],
  ["restricted-pods", "a port of the node", put(rain, [...FIRST, "ports", 0, "hostPort"], 8080)],
  [
    "restricted-pods",
    "a namespace that allows anything",
    put(object("Namespace", "postgres"), ["metadata", "labels", LABEL], "privileged"),
  ],
  [
    "restricted-pods",
    "a namespace at the baseline",
    put(object("Namespace", "airflow"), ["metadata", "labels", LABEL], "baseline"),
  ],
  [
    "restricted-pods",
    "a namespace without a level",
    put(object("Namespace", "storage"), ["metadata", "labels"], {}),
  ],

  ["images-by-digest", "a tag", put(rain, [...FIRST, "image"], "ghcr.io/example/trellis-jobs:1.2.3")],
  ["images-by-digest", "no tag", put(rain, [...FIRST, "image"], "nginx")],
  ["images-by-digest", "a short digest", put(rain, [...FIRST, "image"], "nginx@sha256:0123")],
  ["images-by-digest", "no image", put(migration, [...FIRST, "image"], undefined)],
  [
    "images-by-digest",
    "a tag in a CronJob",
    put(nightly, [...NIGHTLY, "containers", 0, "image"], "busybox:1"),
  ],

  ["limits", "no resources", put(rain, [...FIRST, "resources"], undefined)],
  ["limits", "no memory limit", put(rain, [...FIRST, "resources", "limits", "memory"], undefined)],
  ["limits", "no cpu request", put(rain, [...FIRST, "resources", "requests", "cpu"], undefined)],
  ["limits", "no memory request", put(minio, [...FIRST, "resources", "requests", "memory"], undefined)],
  [
    "limits",
    "a limitless CronJob",
    put(nightly, [...NIGHTLY, "containers", 0, "resources", "limits"], undefined),
  ],
  [
    "limits",
    "a limitless init container",
    change(rain, (resource) => {
      const containers: unknown[] = Object(resource.inputs.spec).template.spec.containers;
      const first = { ...Object(containers[0]), resources: {} };
      return withAt(resource, ["inputs", ...POD, "initContainers"], [first]);
    }),
  ],

  ["probes", "no liveness probe", put(rain, [...FIRST, "livenessProbe"], undefined)],
  ["probes", "no readiness probe", put(rain, [...FIRST, "readinessProbe"], undefined)],
  ["probes", "MinIO without liveness", put(minio, [...FIRST, "livenessProbe"], undefined)],
  [
    "probes",
    "a startup probe alone",
    change(rain, (resource) => {
      const without = withAt(resource, ["inputs", ...FIRST, "livenessProbe"], undefined);
      return withAt(without, ["inputs", ...FIRST, "startupProbe"], { httpGet: { path: "/", port: 80 } });
    }),
  ],

  ["no-default-token", "a token for nothing", put(rain, [...POD, "automountServiceAccountToken"], true)],
  [
    "no-default-token",
    "the default service account",
    change(rain, (resource) => {
      const without = withAt(resource, ["inputs", ...POD, "serviceAccountName"], undefined);
      return withAt(without, ["inputs", ...POD, "automountServiceAccountToken"], true);
    }),
  ],
  [
    "no-default-token",
    "a namespace whose default account has a token",
    put(defaultAccount, ["automountServiceAccountToken"], true),
  ],
  ["no-default-token", "a namespace whose default account is as Kubernetes made it", remove(defaultAccount)],
  ["no-default-token", "a token for MinIO", put(minio, [...POD, "automountServiceAccountToken"], true)],
  [
    "no-default-token",
    "a token for a CronJob",
    put(nightly, [...NIGHTLY, "automountServiceAccountToken"], true),
  ],
];
