import { type Container, list } from "../plan";
import { findings, type Rule } from "./rule";

export const probes: Rule = {
  name: "probes",
  reason: "Kubernetes sends requests to a pod that cannot answer, and never restarts one that hangs.",
  remedy:
    "Give the container a liveness probe, and a readiness probe if it listens. A startup probe does not replace them.",
  scope: "resource",
  check: ({ workloads }) =>
    workloads
      .filter(({ permanent }) => permanent)
      .flatMap(({ object, containers }) =>
        findings(object.subject, containers.filter(({ role }) => role === "main").flatMap(faultsOf)),
      ),
};

function faultsOf({ name, fields }: Container): (string | false)[] {
  return [
    fields.livenessProbe === undefined && `container ${name} has no livenessProbe`,
    list(fields.ports).length > 0 &&
      fields.readinessProbe === undefined &&
      `container ${name} listens and has no readinessProbe`,
  ];
}
