import { ALERTMANAGER } from "../../components/cluster";
import { MONITORING_NAMESPACE } from "../../components/shared/workloads";
import { Cluster } from "../shared/cluster-access";
import type { Given } from "../shared/command";
import { UsageError } from "../shared/usage-error";
import { type AlarmSeverity, testAlarm } from "./test-alarm";

const SEVERITIES: readonly AlarmSeverity[] = ["warning", "critical"];

type AlertsCommandLine = Given<{
  "--stack <name>": string;
  "--kubeconfig <path>": string;
  "--severity <severity>": string;
}>;

/** Runs `trellis alerts`. */
export async function run({ words, flags }: AlertsCommandLine): Promise<void> {
  if (words.length !== 1 || words[0] !== "test") {
    throw new UsageError(`given: ${words.join(" ") || "nothing"}; allowed: test`);
  }
  const severity = SEVERITIES.find((each) => each === (flags.severity ?? "critical"));
  if (!severity) {
    throw new UsageError(`--severity: given ${flags.severity}; allowed: ${SEVERITIES.join(" or ")}`);
  }
  const alarm = testAlarm({ severity, now: new Date() });
  await Cluster.use(flags, (cluster) =>
    cluster.kubectl([
      ...["exec", `statefulset/${ALERTMANAGER}`, "--namespace", MONITORING_NAMESPACE],
      ...["--container", "alertmanager", "--", "amtool", ...alarm.words],
    ]),
  );
  process.stdout.write(
    `Sent TrellisTestAlert with severity ${severity}. Its receivers get it within a minute, and its end after ${alarm.end.toISOString()}.\n` +
      "Nothing arrived: docs/runbooks/alerting.md#an-alert-does-not-arrive\n",
  );
}
