import { check, fault, listed, notApplicable, ok, percent, warning } from "../check";

/** The shares of free space that the alerts on disks have too. */
const SOON = 0.25;
const LITTLE = 0.15;

export const disk = check({
  id: "servers.disk",
  title: "every server's disks have room",
  severity: "critical",
  means: "A full disk stops etcd, PostgreSQL and the kubelet of that server.",
  next: "ssh root@<server> df --human-readable",
  runbook: "docs/runbooks/health.md#a-server-runs-out-of-room",
  run: async ({ prometheus }, { prometheus: url }) => {
    if (!url) return notApplicable("the stack has no monitoring");
    const free = await prometheus.some(
      'min by (instance) (node_filesystem_avail_bytes{fstype!~"tmpfs|ramfs"} / node_filesystem_size_bytes{fstype!~"tmpfs|ramfs"})',
    );
    const below = (share: number) =>
      free
        .filter(({ value }) => value < share)
        .map(({ labels, value }) => `${labels.instance} has ${percent(value)} free`);
    if (below(LITTLE).length > 0) return fault(listed(below(LITTLE)));
    if (below(SOON).length > 0) return warning(listed(below(SOON)));
    return ok(`at least ${percent(Math.min(...free.map(({ value }) => value)))} free everywhere`);
  },
});
