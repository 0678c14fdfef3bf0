import { type Container, type Fields, fields, list, texts, UNKNOWN, type Workload } from "../plan";
import { findings, type Rule } from "./rule";

export const restrictedPods: Rule = {
  name: "restricted-pods",
  reason: "A stolen process must not be root, change its image, or reach the node.",
  remedy: "Use restrictedPod and restrictedContainer of components/shared/pods/security.ts.",
  scope: "resource",
  check: ({ objects, workloads }) => [
    ...objects
      .filter(({ kind }) => kind === "Namespace")
      .flatMap(({ subject, manifest }) => findings(subject, [enforcement(manifest)])),
    ...workloads.flatMap((workload) => findings(workload.object.subject, faultsOf(workload))),
  ],
};

function enforcement(manifest: Fields): string | undefined {
  const level = fields(fields(manifest.metadata).labels)["pod-security.kubernetes.io/enforce"];
  return level === "restricted"
    ? undefined
    : `the namespace enforces pod security ${level ?? "of no level"}, not restricted`;
}

function faultsOf({ pod, containers }: Workload): (string | undefined)[] {
  return [
    ...["hostNetwork", "hostPID", "hostIPC"].map((key) => (pod[key] === true ? `${key} is on` : undefined)),
    ...list(pod.volumes).map((volume) =>
      fields(volume).hostPath === undefined
        ? undefined
        : `the volume ${String(fields(volume).name)} is a path of the node`,
    ),
    ...containers.flatMap((container) => containerFaults(container, fields(pod.securityContext))),
  ];
}

const SECCOMP: readonly unknown[] = ["RuntimeDefault", "Localhost", UNKNOWN];

function containerFaults({ name, fields: container }: Container, pod: Fields): (string | undefined)[] {
  const own = fields(container.securityContext);
  const capabilities = fields(own.capabilities);
  const effective = (key: string) => own[key] ?? pod[key];
  const added = texts(capabilities.add).filter((capability) => capability !== "NET_BIND_SERVICE");
  const fault = (broken: boolean, message: string) => (broken ? `container ${name}: ${message}` : undefined);
  return [
    fault(own.privileged === true, "it is privileged"),
    fault(own.allowPrivilegeEscalation !== false, "allowPrivilegeEscalation is not false"),
    fault(own.readOnlyRootFilesystem !== true, "its root file system is writable"),
    fault(!texts(capabilities.drop).includes("ALL"), "it does not drop all capabilities"),
    fault(added.length > 0, `it adds capabilities: ${added.join(", ")}`),
    fault(effective("runAsNonRoot") !== true, "runAsNonRoot is not true"),
    fault(effective("runAsUser") === 0, "it runs as root"),
    fault(
      !SECCOMP.includes(fields(effective("seccompProfile")).type),
      "it has no seccomp profile of the runtime",
    ),
    fault((own.procMount ?? "Default") !== "Default", "it sees all of /proc"),
    fault(
      list(container.ports).some((port) => fields(port).hostPort !== undefined),
      "it opens a port of the node",
    ),
  ];
}
