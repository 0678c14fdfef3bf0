import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { alertmanagerConfig } from "../../../../components/cluster";
import { type AlertReceivers, settingsSchema } from "../../../../components/settings";
import { describeWith, program } from "../../../rigs/programs";

const EMAIL = { to: ["ops@example.com", "b@example.com"], from: "a@example.com", host: "smtp.example.com" };

/** Combinations of receivers, as a stack file has them. */
const COMBINATIONS: Readonly<Record<string, object>> = {
  none: {},
  all: {
    slack: { channel: "#ops" },
    email: { ...EMAIL, user: "a" },
    pagerduty: {},
    webhook: {},
    ntfy: {},
    deadMansSwitch: { everyMinutes: 1 },
  },
  "an e-mail without a login": { email: EMAIL },
  "pages alone": { pagerduty: { severity: "warning" } },
  "the dead man's switch alone": { deadMansSwitch: {} },
};

describeWith(["amtool"], "Alertmanager's configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-alertmanager-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function written(raw: object): string {
    const { alerts } = settingsSchema.shape.monitoring.parse({ alerts: raw });
    const file = join(folder, "alertmanager.yaml");
    writeFileSync(file, rendered(alerts));
    return file;
  }

  it.each(Object.keys(COMBINATIONS))("is accepted with receivers: %s", (name) => {
    const file = written(COMBINATIONS[name] ?? {});
    const said = execFileSync(
      "/bin/sh",
      ["-c", 'exec "$@" 2>&1', "sh", program("amtool"), "check-config", file],
      {
        encoding: "utf8",
      },
    );
    expect(said).toContain("SUCCESS");
    expect(said).not.toContain("WARN");
  });

  it.each([
    [["alertname=EtcdQuorumLost", "severity=critical"], "critical"],
    [["alertname=MinioFillsUp", "severity=warning"], "warning"],
    [["alertname=Watchdog", "severity=none"], "dead-mans-switch"],
    [["alertname=InfoInhibitor", "severity=none"], "nobody"],
    [["alertname=CPUThrottlingHigh", "severity=info"], "nobody"],
  ])("sends %s to the receiver %s", (labels, receiver) => {
    const file = written(COMBINATIONS.all ?? {});
    const words = ["config", "routes", "test", `--config.file=${file}`, ...labels];
    expect(execFileSync(program("amtool"), words, { encoding: "utf8" }).trim()).toBe(receiver);
  });

  it("pages for critical alerts alone unless it is told otherwise", () => {
    const { alerts } = settingsSchema.shape.monitoring.parse({ alerts: COMBINATIONS.all });
    const [warning = "", critical = ""] = ["warning", "critical"].map((severity) =>
      rendered(alerts)
        .split("  - name: ")
        .find((receiver) => receiver.startsWith(severity)),
    );
    expect(critical).toContain("pagerduty_configs");
    expect(warning).toContain("slack_configs");
    expect(warning).not.toContain("pagerduty_configs");
  });
});

const rendered = (alerts: AlertReceivers) =>
  alertmanagerConfig({
    alerts,
    domain: "example.com",
    folder: "/etc/alertmanager/secrets/x",
    ntfyToken: true,
  });
