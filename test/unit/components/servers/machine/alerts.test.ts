import { describe, expect, it } from "vitest";
import { serverAlerts } from "../../../../../components/servers";

describe("the alerts of a server", () => {
  it("tell of its loss, of a full disk, of a wrong clock and of certificates", () => {
    expect(serverAlerts().map(({ alert, labels }) => [alert, labels.severity])).toEqual([
      ["ServerDown", "critical"],
      ["ServerDiskFills", "warning"],
      ["ServerDiskNearlyFull", "critical"],
      ["ServerClockUnsynchronised", "warning"],
      ["ServerClockWrong", "warning"],
      ["ServerCertificateExpires", "warning"],
      ["ServerCertificateExpiresNow", "critical"],
      ["ServerCertificatesNotWatched", "warning"],
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
});
