import type { Named } from "./inventory";

/** Kubernetes' kinds by what people type for them. */
const KINDS: Readonly<Record<string, string>> = {
  cj: "CronJob",
  configmap: "ConfigMap",
  cronjob: "CronJob",
  cronjobs: "CronJob",
  deploy: "Deployment",
  deployment: "Deployment",
  ingress: "Ingress",
  job: "Job",
  jobs: "Job",
  persistentvolumeclaim: "PersistentVolumeClaim",
  pod: "Pod",
  pods: "Pod",
  pvc: "PersistentVolumeClaim",
  secret: "Secret",
  secrets: "Secret",
  service: "Service",
  statefulset: "StatefulSet",
  sts: "StatefulSet",
};

/** What the verbs of kubectl name after them: the kind, or a pod at once. */
const OF_A_POD = ["exec", "logs", "attach", "port-forward"];
/** Namespaces that K3s and add-ons have; their objects come from charts that no plan shows. */
const OF_OTHERS = ["kube-system", "monitoring", "cert-manager", "system-upgrade"];

/** Names that a command has from elsewhere: placeholders, names of this page's Jobs, numbers to fill in. */
const FILLED_IN = /<|>|\$|^NAME$|\bN$|^(…|\.\.\.)$/;

export interface Judged {
  /** How many names were found in the plan. */
  readonly found: number;
  readonly problems: readonly string[];
}

/** Looks for everything that a kubectl command names. `made` are the names that the same page makes. */
export function judgeKubectl(
  words: readonly string[],
  inventory: readonly Named[],
  made: ReadonlySet<string>,
): Judged {
  const problems: string[] = [];
  let found = 0;
  const check = (right: boolean, problem: string) => {
    if (right) found += 1;
    else problems.push(`${words.join(" ")}: ${problem}`);
  };
  const namespace = flag(words, ["-n", "--namespace"]);
  if (namespace !== undefined && FILLED_IN.test(namespace)) return { found, problems };
  const inside = inventory.filter((each) => each.namespace === namespace);
  if (namespace !== undefined && !OF_OTHERS.includes(namespace))
    check(
      inventory.some(({ kind, name }) => kind === "Namespace" && name === namespace),
      `there is no namespace ${namespace}`,
    );
  if (namespace === undefined || OF_OTHERS.includes(namespace)) return { found, problems };

  const objects = objectsOf(words).filter(([, name]) => !FILLED_IN.test(name) && !made.has(name));
  for (const [kind, name] of objects)
    check(exists(kind, name, inside), `there is no ${kind} ${name} in ${namespace}`);
  const container = flag(words, ["-c", "--container"]);
  if (container !== undefined && !FILLED_IN.test(container))
    check(
      inside.some(({ containers }) => containers.includes(container)),
      `no pod in ${namespace} has a container ${container}`,
    );
  for (const label of (flag(words, ["-l", "--selector"]) ?? "").split(",").filter(Boolean)) {
    const [key = "", value = ""] = label.split("=");
    if (!FILLED_IN.test(value) && !key.startsWith("job-name") && !key.startsWith("batch."))
      check(
        inside.some(({ labels }) => labels[key] === value),
        `nothing in ${namespace} has the label ${label}`,
      );
  }
  return { found, problems };
}

function flag(words: readonly string[], flags: readonly string[]): string | undefined {
  const end = words.indexOf("--");
  const own = end < 0 ? words : words.slice(0, end);
  const index = own.findIndex((word) => flags.includes(word));
  const joined = own.find((word) => flags.some((each) => word.startsWith(`${each}=`)));
  return index >= 0 ? own[index + 1] : joined?.replace(/^[^=]*=/, "");
}

/** The flags of kubectl that take their value as the next word. */
const WITH_VALUE = [
  "-n",
  "--namespace",
  "-c",
  "--container",
  "-l",
  "--selector",
  "-o",
  "-p",
  "--patch",
  "--type",
  "--replicas",
  "--kubeconfig",
  "--tail",
  "--timeout",
];

/** Each kind and name that a command names, as `kind/name`, `kind name` or `--from=kind/name`. */
function objectsOf(words: readonly string[]): (readonly [kind: string, name: string])[] {
  const end = words.indexOf("--");
  const own = (end < 0 ? words : words.slice(0, end)).slice(words.indexOf("kubectl") + 1);
  const plain = own.filter(
    (word, index) => !word.startsWith("-") && !WITH_VALUE.includes(own[index - 1] ?? ""),
  );
  const from = own.flatMap((word) => /^--from=(\w+)\/([\w-]+)$/.exec(word) ?? []);
  const [verb = "", ...rest] = plain;
  const found: (readonly [string, string])[] = [];
  if (from[1] !== undefined && from[2] !== undefined) found.push([from[1], from[2]]);
  if (verb === "create") return found;
  for (const word of rest) {
    const [kind = "", name] = word.split("/");
    if (name !== undefined && kind in KINDS) found.push([kind, name]);
  }
  const [first = "", second] = rest[0] === "env" && verb === "set" ? rest.slice(1) : rest;
  if (OF_A_POD.includes(verb)) {
    if (first !== "" && !first.includes("/")) found.push(["pod", first]);
  } else if (first in KINDS && second !== undefined && /^[\w<>.-]+$/.test(second))
    found.push([first, second]);
  return found;
}

function exists(word: string, name: string, inside: readonly Named[]): boolean {
  const kind = KINDS[word] ?? word;
  if (inside.some((each) => each.kind === kind && each.name === name)) return true;
  const sets = inside.filter((each) => each.kind === "StatefulSet");
  if (kind === "Pod") return sets.some((set) => new RegExp(`^${set.name}-\\d+$`).test(name));
  if (kind === "PersistentVolumeClaim")
    return sets.some((set) =>
      set.claims.some((claim) => new RegExp(`^${claim}-${set.name}-\\d+$`).test(name)),
    );
  return false;
}
