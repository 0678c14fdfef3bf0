import { it } from "vitest";
import { etcdAlerts } from "../../../../../components/servers";
import { judgeAlerts, type Series } from "../../../../rigs/alerting/promtool";
import { describeWith } from "../../../../rigs/programs";

const MEMBERS = ["one", "two", "three"];
const of = (metric: string, member: string, more = "") =>
  `${metric}{job="etcd",instance="${member}:2381"${more}}`;
const all = (metric: string, values: string, more = ""): Series =>
  Object.fromEntries(MEMBERS.map((member) => [of(metric, member, more), values]));
const MINUTES = "0+60x2000"; // a time that is renewed each minute

const HEALTHY: Series = {
  ...all("up", "1x2000"),
  ...all("etcd_server_has_leader", "1x2000"),
  ...all("etcd_server_leader_changes_seen_total", "1x2000"),
  ...all("etcd_server_proposals_failed_total", "0x2000"),
  ...all("etcd_mvcc_db_total_size_in_bytes", "500000000x2000"),
  ...all("etcd_mvcc_db_total_size_in_use_in_bytes", "400000000x2000"),
  ...all("etcd_server_quota_backend_bytes", "4000000000x2000"),
  trellis_etcd_authentication_timestamp_seconds: MINUTES,
  trellis_etcd_snapshot_timestamp_seconds: MINUTES,
  ...Object.fromEntries(
    [
      "etcd_disk_wal_fsync_duration_seconds_bucket",
      "etcd_disk_backend_commit_duration_seconds_bucket",
    ].flatMap((metric) =>
      ["0.008", "0.128", "+Inf"].map((le) => [of(metric, "one", `,le="${le}"`), "0+100x2000"]),
    ),
  ),
};
const slow = (metric: string): Series => ({ [of(metric, "one", ',le="0.008"')]: "0x2000" });

describeWith(["promtool"], "the alerts of etcd", () => {
  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", {}, 1500, []],
    [
      "tell of a member without a leader",
      { [of("etcd_server_has_leader", "two")]: "0x2000" },
      5,
      ["EtcdNoLeader"],
    ],
    ["tell of a member that is down", { [of("up", "two")]: "0x2000" }, 10, ["EtcdMemberDown"]],
    ["end when it is back", { [of("up", "two")]: "0x20 1x1900" }, 25, []],
    [
      "tell that the quorum is lost",
      { [of("up", "two")]: "0x2000", [of("up", "three")]: "0x2000" },
      10,
      ["EtcdQuorumLost", "EtcdMemberDown", "EtcdMemberDown"],
    ],
    [
      "tell of elections",
      { [of("etcd_server_leader_changes_seen_total", "one")]: "0+1x2000" },
      30,
      ["EtcdLeaderChanges"],
    ],
    [
      "tell of writes that fail",
      { [of("etcd_server_proposals_failed_total", "one")]: "0+2x2000" },
      40,
      ["EtcdProposalsFail"],
    ],
    ["tell of slow syncs", slow("etcd_disk_wal_fsync_duration_seconds_bucket"), 30, ["EtcdSlowDisk"]],
    [
      "tell of slow commits",
      slow("etcd_disk_backend_commit_duration_seconds_bucket"),
      30,
      ["EtcdSlowCommit"],
    ],
    [
      "tell of a quota that is near",
      {
        [of("etcd_mvcc_db_total_size_in_bytes", "one")]: "3500000000x2000",
        [of("etcd_mvcc_db_total_size_in_use_in_bytes", "one")]: "3400000000x2000",
      },
      10,
      ["EtcdNearQuota"],
    ],
    [
      "tell of free space in the file",
      { [of("etcd_mvcc_db_total_size_in_use_in_bytes", "one")]: "1000x2000" },
      1500,
      ["EtcdFragmented"],
    ],
    [
      "tell that authentication is off",
      { trellis_etcd_authentication_timestamp_seconds: "0x2000" },
      300,
      ["EtcdAuthenticationOff"],
    ],
    [
      "tell of an old snapshot",
      { trellis_etcd_snapshot_timestamp_seconds: "0x2000" },
      800,
      ["EtcdSnapshotTooOld"],
    ],
  ])("%s", (_, changes, minute, firing) => {
    judgeAlerts(etcdAlerts({ members: 3, snapshotEveryHours: 6 }), [
      { series: { ...HEALTHY, ...changes }, minute, firing },
    ]);
  });
});
