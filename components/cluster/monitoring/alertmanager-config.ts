import { stringify } from "yaml";
import type { AlertReceivers } from "../../settings";
import { SERVER_DOWN } from "../../shared/workloads";
import { integrations, type Receiver, type ReceiverContext, SECRET_FILES } from "./receivers";

export interface AlertmanagerConfigArgs extends ReceiverContext {
  readonly alerts: AlertReceivers;
  /** @default TIMING */
  readonly timing?: Timing;
}

/** How long Alertmanager collects alerts of one group before it sends them, and when it sends them again. */
export interface Timing {
  /** Before the first message of a group: what one fault raises arrives within this time. */
  readonly wait: string;
  /** Before a message about further alerts of the group. */
  readonly interval: string;
  /** Before a message is repeated while alerts fire. */
  readonly repeat: { readonly critical: string; readonly warning: string };
  /** Between two messages of the dead man's switch. */
  readonly alive: string;
}

export const timingOf = ({ deadMansSwitch }: AlertReceivers): Timing => ({
  wait: "30s",
  interval: "5m",
  repeat: { critical: "4h", warning: "24h" },
  alive: `${deadMansSwitch?.everyMinutes ?? 5}m`,
});

/** An alert that always fires, from the chart's rules: while its messages arrive, alerting works. */
const WATCHDOG = "Watchdog";

/** Alerts of the chart's rules that a lost server raises, beside ours, which carry the label `explained_by`. */
const EXPLAINED = [
  "TargetDown",
  "KubeNode(NotReady|Unreachable|ReadinessFlapping)",
  "Kube(DaemonSet|Deployment|StatefulSet).+",
  "KubePodNotReady",
  "KubePdbNotEnoughHealthyPods",
  "KubeAggregatedAPI.+",
  "Alertmanager(ClusterDown|MembersInconsistent)",
  "PrometheusErrorSendingAlertsToSomeAlertmanagers",
  "etcdMembersDown",
  "etcdMemberCommunicationSlow",
];

/**
 * Alertmanager's configuration. It contains no secret: each key and each address that is one is the path of a file in
 * the Secret `alertmanager-receivers`.
 */
export function alertmanagerConfig(args: AlertmanagerConfigArgs): string {
  const { alerts, folder } = args;
  const { wait, interval, repeat, alive } = args.timing ?? timingOf(alerts);
  const bySeverity = (["critical", "warning"] as const).map(
    (severity): Receiver => ({
      name: severity,
      ...integrations(alerts, severity, args),
    }),
  );
  const { deadMansSwitch } = alerts;
  return stringify(
    {
      route: {
        receiver: "nobody", // notes and everything else that asks for no action
        group_by: ["alertname"],
        group_wait: wait,
        group_interval: interval,
        routes: [
          {
            receiver: deadMansSwitch ? "dead-mans-switch" : "nobody",
            matchers: [`alertname="${WATCHDOG}"`],
            group_wait: "0s",
            group_interval: alive,
            repeat_interval: alive,
          },
          ...bySeverity.map(({ name }) => ({
            receiver: name,
            matchers: [`severity="${name}"`],
            repeat_interval: name === "critical" ? repeat.critical : repeat.warning,
          })),
        ],
      },
      inhibit_rules: [
        {
          source_matchers: [`alertname="${SERVER_DOWN}"`],
          target_matchers: [`explained_by="${SERVER_DOWN}"`],
        },
        {
          source_matchers: [`alertname="${SERVER_DOWN}"`],
          target_matchers: [`alertname=~"${EXPLAINED.join("|")}"`],
        },
        {
          source_matchers: ['severity="critical"'],
          target_matchers: ['severity=~"warning|info"'],
          equal: ["alertname", "namespace"],
        },
        {
          source_matchers: ['severity="warning"'],
          target_matchers: ['severity="info"'],
          equal: ["alertname", "namespace"],
        },
      ],
      receivers: [
        { name: "nobody" },
        ...(deadMansSwitch
          ? [
              {
                name: "dead-mans-switch",
                webhook_configs: [
                  {
                    url_file: `${folder}/${SECRET_FILES.alertsDeadMansSwitchUrl}`,
                    send_resolved: false, // a message must never mean that alerting is down
                  },
                ],
              },
            ]
          : []),
        ...bySeverity,
      ],
    },
    { lineWidth: 0 },
  );
}
