import { MISSING, type Problem } from "../problems";
import { ALERT_SECRETS, type AlertReceivers, type AlertSecret, type Settings } from "../schema";
import type { Draft, HetznerDraft } from "./checks";
import { problem } from "./checks";

/** The kinds of receivers that people hear from. The dead man's switch is none of them. */
export const RECEIVERS = ["slack", "email", "pagerduty", "webhook", "ntfy"] as const;
export type ReceiverKind = (typeof RECEIVERS)[number];

/** Prod needs a receiver of alerts, unless it has no monitoring or says that it wants none. */
export function checkMonitoring({ environment, monitoring }: Draft, { addons }: HetznerDraft): Problem[] {
  if (environment !== "prod" || !addons?.monitoring || !monitoring) return [];
  const { alerts } = monitoring;
  if (alerts.acceptNone || RECEIVERS.some((kind) => alerts[kind])) return [];
  return [
    problem(
      ["monitoring", "alerts"],
      MISSING,
      `in prod a receiver, one or more of ${RECEIVERS.join(", ")}; or acceptNone: true, if nobody shall be told of alerts`,
    ),
  ];
}

/** Warnings on alerts that nobody gets. */
export function alertAdvice(environment: string, { alerts }: { readonly alerts: AlertReceivers }): string[] {
  if (environment !== "prod") return [];
  return alerts.deadMansSwitch
    ? []
    : [
        "monitoring.alerts.deadMansSwitch: missing in prod: nobody is told when Prometheus, Alertmanager or the whole cluster is down; add it with the address of a service such as healthchecks.io",
      ];
}

/** What each Prometheus asks for and keeps. */
export interface PrometheusSize {
  readonly replicas: number;
  /** Limit of its memory in MiB. */
  readonly memoryMib: number;
  /** What it asks the scheduler for, in MiB. Its use follows the number of series, and peaks at a restart. */
  readonly requestMib: number;
  readonly volumeGib: number;
  readonly retentionDays: number;
}

export function prometheusSize({
  environment,
  monitoring: { prometheus },
}: Pick<Settings, "environment" | "monitoring">): PrometheusSize {
  const prod = environment === "prod";
  const memoryMib = prometheus.memoryMib ?? (prod ? 4096 : 2048);
  return {
    replicas: prod ? 2 : 1,
    memoryMib,
    requestMib: Math.ceil(memoryMib / 4),
    volumeGib: prometheus.volumeGib ?? (prod ? 15 : 8),
    retentionDays: prometheus.retentionDays ?? (prod ? 15 : 7),
  };
}

/** The size of a store of logs in the cluster. */
export interface LogStoreSize {
  readonly retentionDays: number;
  readonly volumeGib: number;
  /** Limit of its memory in MiB. */
  readonly memoryMib: number;
  readonly requestMib: number;
  /** @default the cluster's default class */
  readonly storageClass?: string | undefined;
}

/** Where a stack's logs go. */
export type LogsShape =
  | ({ readonly kind: "store" } & LogStoreSize)
  | { readonly kind: "elsewhere"; readonly endpoint: string };

/** Where the logs go; undefined where nobody collects them. K3s' Helm controller, which existing clusters lack, installs it. */
export function logsShape({
  environment,
  target,
  monitoring: { logs },
}: Pick<Settings, "environment" | "target" | "monitoring">): LogsShape | undefined {
  const { enabled = environment === "prod" || logs.endpoint !== undefined, endpoint, ...size } = logs;
  if (!enabled || target.kind !== "hetzner") return undefined;
  if (endpoint !== undefined) return { kind: "elsewhere", endpoint };
  return { kind: "store", ...size, requestMib: Math.ceil(size.memoryMib / 2) };
}

/** The secrets that the receivers need, and the settings that require them. */
export function alertSecrets(alerts: AlertReceivers): { readonly name: AlertSecret; readonly why: string }[] {
  const needs: Readonly<Record<AlertSecret, string | undefined>> = {
    alertsSlackUrl:
      alerts.slack && "Alertmanager sends alerts to this incoming webhook (monitoring.alerts.slack)",
    alertsEmailPassword:
      alerts.email?.user && "Alertmanager logs in to the SMTP server with it (monitoring.alerts.email.user)",
    alertsPagerdutyKey:
      alerts.pagerduty && "Alertmanager sends alerts with this integration key (monitoring.alerts.pagerduty)",
    alertsWebhookUrl:
      alerts.webhook && "Alertmanager sends alerts to this https address (monitoring.alerts.webhook)",
    alertsNtfyUrl:
      alerts.ntfy && "Alertmanager sends alerts to this topic's https address (monitoring.alerts.ntfy)",
    alertsNtfyToken: undefined, // a public topic needs none
    alertsDeadMansSwitchUrl:
      alerts.deadMansSwitch &&
      "Alertmanager reports to this https address that it is up (monitoring.alerts.deadMansSwitch)",
  };
  return ALERT_SECRETS.flatMap((name) => {
    const why = needs[name];
    return why === undefined ? [] : [{ name, why }];
  });
}
