import { z } from "zod";
import { collectorUrl, domainName, emailAddress, kubernetesName, postedUrl, slackChannel } from "../values";
import { says, wholeNumber } from "./kinds";

/** The secrets of the receivers of alerts, by the setting that needs each. */
export const ALERT_SECRETS = [
  "alertsSlackUrl",
  "alertsEmailPassword",
  "alertsPagerdutyKey",
  "alertsWebhookUrl",
  "alertsNtfyUrl",
  "alertsNtfyToken",
  "alertsDeadMansSwitchUrl",
] as const;
export type AlertSecret = (typeof ALERT_SECRETS)[number];

const severity = (byDefault: "warning" | "critical", receiver: string) =>
  z
    .enum(["warning", "critical"])
    .default(byDefault)
    .meta(says(`Least severity of the alerts that ${receiver} gets.`));

const slack = z.strictObject({
  channel: slackChannel
    .optional()
    .meta(
      says(
        "Slack channel. Alerts go to Slack if this block exists; its incoming webhook is the secret `trellis:alertsSlackUrl`.",
        "the webhook's own channel",
      ),
    ),
  severity: severity("warning", "Slack"),
});

const email = z.strictObject({
  to: z
    .array(emailAddress, "a list of addresses, for example `[ops@example.com]`")
    .min(1)
    .max(20)
    .meta(says("E-mail addresses that get the alerts.", "required in `email`")),
  from: emailAddress.meta(says("Sender of these e-mails.", "required in `email`")),
  host: domainName.meta(says("SMTP server that sends them, with STARTTLS.", "required in `email`")),
  port: wholeNumber(1, 65_535)
    .default(587)
    .meta(says("Port of that server. Hetzner blocks 25 and 465 for new accounts.")),
  user: z
    .string("a user's name")
    .regex(/^[\x21-\x7e]{1,200}$/, { error: "a user's name without spaces" })
    .optional()
    .meta({
      title: "user's name",
      ...says(
        "User at that server. Its password is the secret `trellis:alertsEmailPassword`.",
        "none: no login",
      ),
    }),
  severity: severity("warning", "e-mail"),
});

const pagerduty = z.strictObject({ severity: severity("critical", "PagerDuty") }).meta({
  title: "block",
  ...says(
    "Alerts go to PagerDuty if this block exists; the integration key (Events API v2) is the secret `trellis:alertsPagerdutyKey`.",
    "none",
  ),
});

const webhook = z.strictObject({ severity: severity("warning", "the webhook") });
const ntfy = z.strictObject({ severity: severity("warning", "ntfy") });

const deadMansSwitch = z.strictObject({
  everyMinutes: wholeNumber(1, 60)
    .default(5)
    .meta(
      says(
        "Minutes between two messages to an outside service, such as healthchecks.io, that alerts you when they stop: Prometheus, Alertmanager or the cluster is down then. The address, on https and port 443, is the secret `trellis:alertsDeadMansSwitchUrl`.",
        "5 in a `deadMansSwitch` block, else no messages",
      ),
    ),
});

const alerts = z
  .strictObject({
    slack: slack.optional(),
    email: email.optional(),
    pagerduty: pagerduty.optional(),
    webhook: webhook.optional(),
    ntfy: ntfy.optional(),
    deadMansSwitch: deadMansSwitch.optional(),
    acceptNone: z
      .boolean()
      .default(false)
      .meta(
        says(
          "Allows prod without a receiver: alerts are then seen only by people who open Grafana or Alertmanager.",
        ),
      ),
  })
  .prefault({});

const prometheus = z
  .strictObject({
    memoryMib: wholeNumber(512, 65_536)
      .optional()
      .meta(
        says(
          "Memory limit of each Prometheus in MiB; it requests a quarter of it. Raise it when Prometheus is killed for its memory.",
          "2048, in prod 4096",
        ),
      ),
    volumeGib: wholeNumber(1, 10_000)
      .optional()
      .meta(
        says(
          "Volume of each Prometheus in GiB. The oldest metrics are deleted when 85% of it is used.",
          "8, in prod 15",
        ),
      ),
    retentionDays: wholeNumber(1, 3650)
      .optional()
      .meta(says("Days that metrics are kept, if the volume is large enough.", "7, in prod 15")),
  })
  .prefault({});

const logs = z
  .strictObject({
    enabled: z
      .boolean()
      .optional()
      .meta(
        says(
          "Collects the logs of all pods and the audit of the Kubernetes API on every server. Agents ask for 64 MiB on each server, the store for half of its memory limit.",
          "true in prod and where `endpoint` is set, else false",
        ),
      ),
    endpoint: postedUrl
      .optional()
      .meta(
        says(
          "Where the logs go instead of into a store in the cluster: a VictoriaLogs (`https://.../insert/native`), or whatever takes lines of JSON. If it needs a bearer token, that is the secret `trellis:logsToken`.",
          "a VictoriaLogs in the cluster",
        ),
      ),
    retentionDays: wholeNumber(1, 3650)
      .default(30)
      .meta(says("Days that logs are kept, if the volume is large enough.")),
    volumeGib: wholeNumber(1, 10_000)
      .default(4)
      .meta(
        says(
          "Volume of the store in GiB. The oldest days are deleted when 85% of it is used. Logs take about a tenth of their size.",
        ),
      ),
    memoryMib: wholeNumber(256, 65_536)
      .default(512)
      .meta(says("Memory limit of the store in MiB. Raise it when queries over many days fail.")),
    storageClass: kubernetesName
      .optional()
      .meta(
        says(
          "Storage class of the volume. `hcloud-volumes` keeps the logs where their server is lost; Hetzner's smallest volume has 10 GiB.",
          "the server's own disk",
        ),
      ),
  })
  .prefault({});

const traces = z
  .strictObject({
    endpoint: collectorUrl
      .optional()
      .meta(
        says(
          "Where traces go: a collector that takes OTLP over HTTP, without `/v1/traces`. Airflow then records its DAG runs and tasks, and DataSurface's jobs their steps and SQL statements, without values.",
          "none: nothing is recorded",
        ),
      ),
  })
  .prefault({});

export const monitoring = z.strictObject({ alerts, prometheus, logs, traces }).prefault({});

export type MonitoringSettings = z.infer<typeof monitoring>;
export type AlertReceivers = MonitoringSettings["alerts"];
