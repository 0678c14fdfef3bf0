import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { serverAlerts } from "../../../../../components/servers";
import { repository } from "../../../../rigs/platform/stacks";

describe("the alerts of a server", () => {
  it("tell of a clock that nobody corrects and of one that is wrong", () => {
    const rules = serverAlerts().filter(({ alert }) => alert.startsWith("ServerClock"));
    expect(rules.map(({ alert, expr }) => [alert, expr])).toEqual([
      [
        "ServerClockUnsynchronised",
        'node_timex_sync_status{job="node-exporter"} == 0 or node_timex_maxerror_seconds{job="node-exporter"} > 4',
      ],
      [
        "ServerClockWrong",
        'abs(node_time_seconds{job="node-exporter"} - timestamp(node_time_seconds{job="node-exporter"})) > 1',
      ],
    ]);
  });

  it("tell of certificates that nobody renewed, and of a server that does not look at them", () => {
    const rules = serverAlerts().filter(({ alert }) => alert.startsWith("ServerCertificate"));
    expect(rules.map(({ alert, expr }) => [alert, expr])).toEqual([
      ["ServerCertificateExpires", "trellis_certificate_expiry_timestamp_seconds - time() < 3888000"],
      ["ServerCertificateExpiresNow", "trellis_certificate_expiry_timestamp_seconds - time() < 604800"],
      [
        "ServerCertificatesNotWatched",
        'time() - node_textfile_mtime_seconds{job="node-exporter",file=~".*/certificates.prom"} > 259200',
      ],
    ]);
  });

  it("lead each to a section of its runbook", () => {
    for (const { alert, annotations } of serverAlerts()) {
      const [page = "", section] = annotations.runbook.split("#");
      const sections = readFileSync(join(repository, page), "utf8")
        .split("\n")
        .filter((line) => line.startsWith("## "))
        .map((line) => line.slice(3).toLowerCase().replaceAll(" ", "-"));
      expect(sections, alert).toContain(section);
    }
  });
});
