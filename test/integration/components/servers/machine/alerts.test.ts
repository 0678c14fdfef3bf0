import { it } from "vitest";
import { serverAlerts } from "../../../../../components/servers";
import { judgeAlerts, type Moment, type Series } from "../../../../rigs/alerting/promtool";
import { describeWith } from "../../../../rigs/programs";

const NODES = ["one", "two"];
const disk = (node: string) => `{job="node-exporter",node="${node}",instance="${node}:9100",mountpoint="/"}`;
const up = (node: string) => `up{job="node-exporter",node="${node}",instance="${node}:9100"}`;
const ready = (node: string) => `kube_node_status_condition{node="${node}",condition="Ready",status="true"}`;

const HEALTHY: Series = Object.fromEntries(
  NODES.flatMap((node) => [
    [up(node), "1x200"],
    [ready(node), "1x200"],
    [`node_filesystem_avail_bytes${disk(node)}`, "60x200"],
    [`node_filesystem_size_bytes${disk(node)}`, "100x200"],
    [`node_timex_sync_status{job="node-exporter",instance="${node}:9100"}`, "1x200"],
  ]),
);

describeWith(["promtool"], "the alerts of servers", () => {
  it.each<[string, Series, number, readonly string[]]>([
    ["are quiet while all is well", {}, 60, []],
    [
      "fire once for a server that Prometheus and Kubernetes miss",
      { [up("one")]: "1x9 0x190", [ready("one")]: "1x9 0x190" },
      14,
      ["ServerDown"],
    ],
    ["fire for one that only Kubernetes misses", { [ready("two")]: "1x9 0x190" }, 14, ["ServerDown"]],
    ["are quiet about an exporter that restarts", { [up("one")]: "1x9 0 1x190" }, 12, []],
    ["end when the server is back", { [up("one")]: "1x9 0x9 1x190" }, 25, []],
    [
      "warn at 24% of the disk",
      { [`node_filesystem_avail_bytes${disk("one")}`]: "24x200" },
      30,
      ["ServerDiskFills"],
    ],
    [
      "are critical at 14%",
      { [`node_filesystem_avail_bytes${disk("one")}`]: "14x200" },
      30,
      ["ServerDiskFills", "ServerDiskNearlyFull"],
    ],
    [
      "end when space is free again",
      { [`node_filesystem_avail_bytes${disk("one")}`]: "14x30 50x200" },
      40,
      [],
    ],
  ])("%s", (_, changes, minute, firing) => {
    const moment: Moment = { series: { ...HEALTHY, ...changes }, minute, firing };
    judgeAlerts(serverAlerts(), [moment]);
  });
});
