import { check, fault, hoursBetween, notApplicable, ok } from "../check";

export const snapshot = check({
  id: "etcd.snapshot",
  title: "etcd has a fresh snapshot",
  severity: "critical",
  means: "What was written since the last snapshot is lost if all members are.",
  next: "ssh root@<server> systemctl start etcd-snapshot",
  runbook: "docs/runbooks/etcd.md#snapshots-are-too-old",
  run: async ({ prometheus, now }, { etcd: { snapshotEveryHours: every }, prometheus: url }) => {
    if (every === undefined) return notApplicable("etcd is not on servers of the program");
    if (!url) return notApplicable("the stack has no monitoring");
    const samples = await prometheus.some("max(trellis_etcd_snapshot_timestamp_seconds)");
    const newest = Math.max(...samples.map(({ value }) => value * 1000));
    const hours = hoursBetween(newest, now());
    const text = `the newest is ${hours.toFixed(1)} hours old; one is made every ${every} hours`;
    return hours <= 2 * every ? ok(text) : fault(text);
  },
});
