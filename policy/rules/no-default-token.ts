import { fields, list, type Plan, type Workload } from "../plan";
import { findings, type Rule } from "./rule";

export const noDefaultToken: Rule = {
  name: "no-default-token",
  reason:
    "A token of the Kubernetes API in a pod that does not use it is a way into the cluster for whoever takes over the pod.",
  remedy:
    "Set automountServiceAccountToken to false, or give the pod a service account of its own with a role. Create namespaces with GuardedNamespace.",
  scope: "stack",
  check: (plan) => [
    ...plan.workloads.flatMap((workload) => findings(workload.object.subject, [faultOf(workload, plan)])),
    ...plan.objects
      .filter(({ kind }) => kind === "Namespace")
      .flatMap(({ subject, name }) =>
        findings(subject, [
          accountOf(plan, "default", name)?.manifest.automountServiceAccountToken !== false &&
            "its default service account gives a token to pods that name no account",
        ]),
      ),
  ],
};

const accountOf = ({ objects }: Plan, name: string, namespace: string | undefined) =>
  objects.find(
    (each) => each.kind === "ServiceAccount" && each.name === name && each.namespace === namespace,
  );

function faultOf({ object, pod }: Workload, plan: Plan): string | undefined {
  const name = typeof pod.serviceAccountName === "string" ? pod.serviceAccountName : "default";
  const account = accountOf(plan, name, object.namespace);
  const mounted = pod.automountServiceAccountToken ?? account?.manifest.automountServiceAccountToken ?? true;
  if (mounted === false) return undefined;
  if (name === "default") return "its pods get the token of the namespace's default service account";
  if (isBound(name, object.namespace, plan)) return undefined;
  return `its pods get a token of the service account ${name}, which has no role`;
}

function isBound(name: string, namespace: string | undefined, { objects }: Plan): boolean {
  return objects
    .filter(({ kind }) => kind === "RoleBinding" || kind === "ClusterRoleBinding")
    .flatMap(({ manifest }) => list(manifest.subjects).map(fields))
    .some(
      (subject) =>
        subject.kind === "ServiceAccount" && subject.name === name && subject.namespace === namespace,
    );
}
