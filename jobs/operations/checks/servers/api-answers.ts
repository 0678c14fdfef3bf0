import { check, count, noneOf, notApplicable } from "../check";

export const apiAnswers = check({
  id: "servers.api-answers",
  title: "the API server of every server answers",
  severity: "critical",
  means: "Clients reach the others through HAProxy, but the loss of one more can stop the API.",
  next: "ssh root@<server> journalctl --unit k3s --since -15min",
  runbook: "docs/runbooks/health.md#an-api-server-does-not-answer",
  run: async ({ http }, { kubernetes: { apiServers } }) => {
    if (apiServers.length === 0) return notApplicable("the program did not create this cluster's servers");
    const silent = await Promise.all(
      apiServers.map(async (url) => {
        const { hostname, port } = new URL(url);
        const reached = await http.reach(hostname, Number(port));
        return reached === "open" ? [] : [`${hostname}:${port} is ${reached}`];
      }),
    );
    return noneOf(silent.flat(), `${count(apiServers.length, "API server")} answer`);
  },
});
