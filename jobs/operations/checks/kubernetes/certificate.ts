import { check, judgeEnds, notApplicable } from "../check";

export const certificate = check({
  id: "kubernetes.certificate",
  title: "the API servers' certificates stay valid for a month",
  severity: "critical",
  means: "After a certificate has ended, neither people nor nodes talk to that API server.",
  next: "ssh root@<server> systemctl restart k3s",
  runbook: "docs/runbooks/rotate-certificates.md#expiry-dates",
  run: async ({ http, now }, { kubernetes: { apiServers } }) => {
    if (apiServers.length === 0) return notApplicable("the program did not create this cluster's servers");
    const ends = await Promise.all(
      apiServers.map(async (url) => {
        const { hostname, port } = new URL(url);
        return [hostname, await http.certificateEnd(hostname, hostname, Number(port))] as const;
      }),
    );
    return judgeEnds(ends, now());
  },
});
