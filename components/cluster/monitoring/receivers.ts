import type { AlertReceivers, AlertSecret } from "../../settings";

/** Secret with the keys and addresses of the receivers. Alertmanager mounts it, and reads its files at each use. */
export const RECEIVERS_SECRET = "alertmanager-receivers";

/** Where the Prometheus operator mounts it. */
export const RECEIVERS_FOLDER = `/etc/alertmanager/secrets/${RECEIVERS_SECRET}`;

/** The file of each secret in it. */
export const SECRET_FILES: Readonly<Record<AlertSecret, string>> = {
  alertsSlackUrl: "slack-url",
  alertsEmailPassword: "email-password",
  alertsPagerdutyKey: "pagerduty-key",
  alertsWebhookUrl: "webhook-url",
  alertsNtfyUrl: "ntfy-url",
  alertsNtfyToken: "ntfy-token",
  alertsDeadMansSwitchUrl: "dead-mans-switch-url",
};

/** Where messages are sent, and what their texts name. */
export interface ReceiverContext {
  /** The platform's domain, so that one channel can serve several platforms. */
  readonly domain: string;
  /** Folder of the files of the secrets. */
  readonly folder: string;
  /** Whether ntfy asks for a token. */
  readonly ntfyToken: boolean;
  /** PagerDuty's address, for tests. @default PagerDuty's own */
  readonly pagerdutyUrl?: string | undefined;
}

type Integration = Readonly<Record<string, unknown>>;
/** A receiver of Alertmanager: lists of integrations, by kind. */
export type Receiver = { readonly name: string } & Readonly<Record<string, string | readonly Integration[]>>;

/** Lines on each alert: its summary, and the link to its runbook. Rules of the chart may lack either. */
const LINES = (link: string) =>
  `{{ range .Alerts }}{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ or .Annotations.summary .Annotations.description .Labels.alertname }}{{ with .Labels.instance }} ({{ . }}){{ end }}{{ with .Annotations.runbook_url }}${link}{{ end }}\n{{ end }}`;

const subject = (domain: string) =>
  `{{ if eq .Status "resolved" }}resolved{{ else }}{{ .CommonLabels.severity }}{{ end }}: {{ .GroupLabels.alertname }} on ${domain}{{ if gt (len .Alerts) 1 }} ({{ len .Alerts }} alerts){{ end }}`;

/** The integrations of a receiver for alerts of one severity. */
export function integrations(
  alerts: AlertReceivers,
  severity: "warning" | "critical",
  context: ReceiverContext,
): Readonly<Record<string, readonly Integration[]>> {
  const wanted = (receiver: { readonly severity: "warning" | "critical" } | undefined) =>
    receiver !== undefined && (severity === "critical" || receiver.severity === "warning");
  const file = (secret: AlertSecret) => `${context.folder}/${SECRET_FILES[secret]}`;
  const { slack, email, pagerduty, webhook, ntfy } = alerts;
  const webhooks: Integration[] = [
    ...(wanted(webhook) ? [{ url_file: file("alertsWebhookUrl"), send_resolved: true }] : []),
    ...(wanted(ntfy)
      ? [
          {
            url_file: file("alertsNtfyUrl"),
            send_resolved: true,
            ...(context.ntfyToken && {
              http_config: {
                authorization: { type: "Bearer", credentials_file: file("alertsNtfyToken") },
              },
            }),
          },
        ]
      : []),
  ];
  return {
    ...(slack && wanted(slack) && { slack_configs: [slackMessage(slack, file("alertsSlackUrl"), context)] }),
    ...(email && wanted(email) && { email_configs: email_(email, file("alertsEmailPassword"), context) }),
    ...(wanted(pagerduty) && { pagerduty_configs: [page(file("alertsPagerdutyKey"), context)] }),
    ...(webhooks.length > 0 && { webhook_configs: webhooks }),
  };
}

function slackMessage(
  { channel }: NonNullable<AlertReceivers["slack"]>,
  api_url_file: string,
  { domain }: ReceiverContext,
): Integration {
  return {
    api_url_file,
    ...(channel && { channel }),
    send_resolved: true,
    title: subject(domain),
    title_link: `https://grafana.${domain}/alerting/list`,
    text: LINES(" <{{ . }}|runbook>"),
  };
}

function email_(
  { to, from, host, port, user }: NonNullable<AlertReceivers["email"]>,
  auth_password_file: string,
  { domain }: ReceiverContext,
): Integration[] {
  return to.map((address) => ({
    to: address,
    from,
    smarthost: `${host}:${port}`,
    require_tls: true,
    ...(user && { auth_username: user, auth_password_file }),
    send_resolved: true,
    headers: { Subject: subject(domain) },
    html: "",
    text: LINES(" {{ . }}"),
  }));
}

function page(routing_key_file: string, { domain, pagerdutyUrl }: ReceiverContext): Integration {
  return {
    routing_key_file,
    ...(pagerdutyUrl && { url: pagerdutyUrl }),
    send_resolved: true,
    description: subject(domain),
    severity: '{{ if eq .CommonLabels.severity "critical" }}critical{{ else }}warning{{ end }}',
    client: "Trellis",
    client_url: `https://grafana.${domain}`,
    group: domain,
    details: { alerts: LINES(" {{ . }}") },
  };
}
