export type AlarmSeverity = "warning" | "critical";

/** How long a test alarm fires: longer than Alertmanager collects alerts before it sends them. */
const MINUTES = 5;

/**
 * The arguments of amtool, which Alertmanager's image contains, for an alarm that ends by itself. It takes the way of
 * every alert of its severity: routes, grouping, receivers.
 */
export function testAlarm({
  severity,
  now,
  url = "http://127.0.0.1:9093",
}: {
  readonly severity: AlarmSeverity;
  readonly now: Date;
  /** Address of Alertmanager. @default that of the pod in which amtool runs */
  readonly url?: string;
}): { readonly words: readonly string[]; readonly end: Date } {
  const end = new Date(now.getTime() + MINUTES * 60_000);
  return {
    words: [
      `--alertmanager.url=${url}`,
      "alert",
      "add",
      "alertname=TrellisTestAlert",
      `severity=${severity}`,
      `sent_at=${now.toISOString()}`,
      "--annotation=summary=This is a test of the alerts: nothing is wrong",
      `--end=${end.toISOString()}`,
    ],
    end,
  };
}
