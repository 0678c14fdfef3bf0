import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { testAlarm } from "../../../../cli/alerts";
import { alertmanagerConfig } from "../../../../components/cluster";
import { minioAlerts } from "../../../../components/data/minio/alerts";
import { etcdAlerts, serverAlerts } from "../../../../components/servers";
import { settingsSchema } from "../../../../components/settings";
import type { AlertRule } from "../../../../components/shared/workloads";
import { Alerting } from "../../../rigs/alerting/alerting";
import { HttpReceivers, SmtpServer } from "../../../rigs/alerting/receivers";
import { createAuthority } from "../../../rigs/pki/certificates";
import { describeWith, program } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

/** Alerts of one lost server that a real Prometheus raises here, faster than in production. */
const RULES: readonly AlertRule[] = [
  ...serverAlerts().filter(({ alert }) => alert === "ServerDown"),
  ...minioAlerts({ read: 1, write: 1 }).filter(({ alert }) => alert === "MinioServerOffline"),
  ...etcdAlerts({ members: 3, snapshotEveryHours: 6 }).filter(
    ({ alert }) => alert === "EtcdMemberDown" || alert === "EtcdQuorumLost",
  ),
].map((rule) => ({ ...rule, for: rule.alert === "ServerDown" ? "0s" : "2s" }));

const WATCHDOG = {
  alert: "Watchdog",
  expr: "vector(1)",
  for: "0s",
  labels: { severity: "none" },
  annotations: { summary: "Alerting works" },
};

const NOWHERE = "127.0.0.1:9"; // nothing listens at the port `discard`

describeWith(["alertmanager", "amtool", "prometheus", "openssl"], "an alert", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-receivers-"));
  const http = new HttpReceivers();
  const authority = createAuthority("mail");
  const smtp = new SmtpServer(authority.issue({ names: ["localhost"], usages: ["server"] }));
  let alerting: Alerting;

  beforeAll(async () => {
    const [web, port] = [await http.listen(), await smtp.listen()];
    const secrets = {
      "slack-url": `${web}/slack`,
      "email-password": "mail-password",
      "pagerduty-key": "pagerduty-key",
      "webhook-url": `${web}/webhook`,
      "ntfy-url": `${web}/ntfy?template=alertmanager`,
      "ntfy-token": "ntfy-token",
      "dead-mans-switch-url": `${web}/alive`,
      "ca.crt": authority.cert,
    };
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), text);
    const { alerts } = settingsSchema.shape.monitoring.parse({
      alerts: {
        slack: { channel: "#ops" },
        email: { to: ["ops@example.com"], from: "a@example.com", host: "mail.example.com", port, user: "a" },
        pagerduty: {},
        webhook: {},
        ntfy: { severity: "critical" },
        deadMansSwitch: {},
      },
    });
    const config = alertmanagerConfig({
      alerts,
      domain: "example.com",
      folder,
      ntfyToken: true,
      pagerdutyUrl: `${web}/pagerduty`,
      timing: { wait: "2s", interval: "1s", repeat: { critical: "1h", warning: "1h" }, alive: "1s" },
    }).replaceAll("mail.example.com", "localhost"); // no domain of the settings leads to loopback
    const target = (job: string) => ({ job, address: NOWHERE, labels: { node: "one" } });
    alerting = await Alerting.start({
      config,
      rules: [...RULES, WATCHDOG as unknown as AlertRule], // safe: Prometheus reads any severity
      targets: ["node-exporter", "minio", "etcd"].map(target),
      authority: join(folder, "ca.crt"),
    });
  }, 60_000);

  afterAll(async () => {
    await alerting?.stop();
    http.close();
    smtp.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("of a lost server reaches every receiver, with the text and the runbook", async () => {
    for (const path of ["/slack", "/pagerduty", "/webhook", "/ntfy"]) {
      const message = await eventually(`a message at ${path}`, 20_000, () =>
        http.to(path).find(({ body }) => body.includes("ServerDown")),
      );
      expect(message.body, path).toContain("docs/runbooks/server.md#a-server-is-down");
      expect(message.body, path).toContain("The server one is down");
    }
    const mail = await eventually("an e-mail", 20_000, () =>
      smtp.mails.find(({ text }) => text.includes("ServerDown")),
    );
    expect(mail.login).toBe("a:mail-password");
    expect(mail.text).toContain("critical: ServerDown on example.com");
    expect(JSON.parse(http.to("/pagerduty")[0]?.body ?? "")).toMatchObject({
      routing_key: "pagerduty-key",
      payload: { severity: "critical" },
    });
    expect(JSON.parse(http.to("/slack")[0]?.body ?? "")).toMatchObject({ channel: "#ops" });
    expect(http.to("/ntfy")[0]).toMatchObject({
      path: "/ntfy?template=alertmanager",
      authorization: "Bearer ntfy-token",
    });
  });

  it("that a lost server explains is held back, and one on what no longer works is sent", async () => {
    await eventually("every alert at Alertmanager", 20_000, async () => (await alerting.alerts()).size === 5);
    await eventually("the lost quorum of etcd at the webhook", 20_000, () =>
      http.to("/webhook").some(({ body }) => body.includes("EtcdQuorumLost")),
    );
    const states = await alerting.alerts();
    expect(states.get("MinioServerOffline")).toBe("suppressed");
    expect(states.get("EtcdMemberDown")).toBe("suppressed");
    const sent = [...http.messages.map(({ body }) => body), ...smtp.mails.map(({ text }) => text)].join();
    expect(sent).not.toMatch(/MinioServerOffline|EtcdMemberDown/);
  });

  it("that always fires keeps the dead man's switch from firing", async () => {
    const seen = http.to("/alive").length;
    await eventually("two more messages", 20_000, () => http.to("/alive").length >= seen + 2);
    expect(http.to("/alive").every(({ body }) => body.includes("Watchdog"))).toBe(true);
    expect(http.to("/webhook").some(({ body }) => body.includes("Watchdog"))).toBe(false);
  });

  it.each(["warning", "critical"] as const)(
    "of a test with severity %s arrives by that severity's route",
    async (severity) => {
      const { words } = testAlarm({ severity, url: alerting.alertmanager, now: new Date() });
      execFileSync(program("amtool"), words);
      const got = (path: string) =>
        http.to(path).some(({ body }) => body.includes("TrellisTestAlert") && body.includes(severity));
      await eventually("the test alarm at the webhook", 20_000, () => got("/webhook"));
      if (severity === "critical")
        await eventually("the test alarm at PagerDuty", 20_000, () => got("/pagerduty"));
      else expect(http.to("/pagerduty").some(({ body }) => body.includes("TrellisTestAlert"))).toBe(false);
    },
  );
});
