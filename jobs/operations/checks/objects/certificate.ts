import { check, judgeEnds, notApplicable } from "../check";

export const certificate = check({
  id: "objects.certificate",
  title: "object storage's certificate stays valid for a month",
  severity: "critical",
  means: "Clients refuse the servers after that day.",
  next: "pulumi up",
  runbook: "docs/runbooks/rotate-certificates.md#renew",
  run: async ({ http, now }, { objects: { url } }) => {
    const { protocol, hostname, port } = new URL(url);
    if (protocol !== "https:") return notApplicable("object storage is reached without TLS");
    return judgeEnds(
      [["the servers", await http.certificateEnd("object storage", hostname, Number(port || 443))]],
      now(),
    );
  },
});
