import { Unanswered } from "../../readers";
import { check, noneOf, percent } from "../check";
import { answering } from "./member-state";

/** The same share as in the alert EtcdNearQuota. */
const MOST = 0.8;

export const size = check({
  id: "etcd.size",
  title: "etcd's database is far below its quota",
  severity: "critical",
  means: "At the quota etcd refuses all writes until it is compacted and defragmented.",
  next: "ssh root@<server> trellis-etcd defragment --force",
  runbook: "docs/runbooks/etcd.md#the-quota-is-near",
  run: async (readers, platform) => {
    const shares = (await answering(readers, platform)).map(({ name, metrics }) => {
      const size = metrics.value("etcd_mvcc_db_total_size_in_bytes");
      const quota = metrics.value("etcd_server_quota_backend_bytes");
      if (size === undefined || !quota) throw new Unanswered(name, "its metrics lack the size or the quota");
      return { name, share: size / quota };
    });
    const near = shares.filter(({ share }) => share > MOST);
    return noneOf(
      near.map(({ name, share }) => `${name} uses ${percent(share)} of its quota`),
      `at most ${percent(Math.max(...shares.map(({ share }) => share)))} of the quota`,
    );
  },
});
