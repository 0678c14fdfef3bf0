import { check, count, noneOf, notApplicable } from "../check";

export const anonymous = check({
  id: "security.anonymous",
  title: "the Kubernetes API refuses who has no token",
  severity: "critical",
  means: "Anybody who reaches the API reads the cluster's objects.",
  next: "kubectl get clusterrolebindings --output wide | grep anonymous",
  runbook: "docs/runbooks/health.md#the-api-answers-anybody",
  run: async ({ http }, { kubernetes: { apiServers } }) => {
    if (apiServers.length === 0) return notApplicable("the program did not create this cluster's servers");
    const open = await Promise.all(
      apiServers.map(async (url) => {
        const { status } = await http.anonymous(
          "the Kubernetes API",
          new URL("/api/v1/namespaces", url).href,
        );
        return status === 401 || status === 403
          ? []
          : [`${new URL(url).hostname} answers with status ${status}`];
      }),
    );
    return noneOf(open.flat(), `${count(apiServers.length, "API server")} refuse`);
  },
});
