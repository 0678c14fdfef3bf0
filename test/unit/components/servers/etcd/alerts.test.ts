import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { etcdAlerts } from "../../../../../components/servers/etcd";

const alerts = etcdAlerts({ members: 3, snapshotEveryHours: 6 });

describe("the alerts of etcd", () => {
  it("tell of everything that stops it or is about to", () => {
    expect(alerts.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining([
        ...["EtcdNoLeader", "EtcdQuorumLost", "EtcdMemberDown", "EtcdSlowDisk", "EtcdNearQuota"],
        ...["EtcdProposalsFail", "EtcdSnapshotTooOld", "EtcdAuthenticationOff"],
      ]),
    );
  });

  it("lead each to a section of the runbook", () => {
    const sections = readFileSync(new URL("../../../../../docs/runbooks/etcd.md", import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("## "))
      .map((line) => line.slice(3).toLowerCase().replaceAll(" ", "-"));

    for (const { alert, annotations } of alerts) {
      expect(sections, alert).toContain(annotations.runbook_url.split("#")[1]);
    }
  });

  it("call a quorum lost by the number of members", () => {
    const expression = (members: number) =>
      etcdAlerts({ members, snapshotEveryHours: 6 }).find(({ alert }) => alert === "EtcdQuorumLost")?.expr;

    expect([1, 3, 5].map((members) => expression(members)?.slice(-3))).toEqual(["< 1", "< 2", "< 3"]);
  });
});
