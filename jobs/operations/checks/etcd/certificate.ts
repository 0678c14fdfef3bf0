import { check, judgeEnds } from "../check";

export const certificate = check({
  id: "etcd.certificate",
  title: "etcd's certificates stay valid for a month",
  severity: "critical",
  means: "After its certificate has ended no client connects to a member.",
  next: "pulumi preview",
  runbook: "docs/runbooks/rotate-certificates.md#expiry-dates",
  run: async ({ http, now }, { etcd: { members } }) =>
    judgeEnds(
      await Promise.all(
        members.map(
          async ({ name, client }) =>
            [name, await http.certificateEnd(name, client.host, client.port)] as const,
        ),
      ),
      now(),
    ),
});
