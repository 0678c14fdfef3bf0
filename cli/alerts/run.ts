import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ALERTMANAGER } from "../../components/cluster";
import { MONITORING_NAMESPACE } from "../../components/shared/workloads";
import { readCommandLine, runCommand, UsageError } from "../shared/command-line";
import { Kubectl } from "../shared/kubectl";
import { type AlarmSeverity, testAlarm } from "./test-alarm";

const ALERTS = {
  command: "npm run alerts --",
  forms: ["test [--severity warning|critical] --stack <stack>"],
  summary: "Sends a test alarm through the Alertmanager of a stack, to all receivers of its severity.",
  flags: {
    "--stack <name>": "the stack whose Alertmanager is tried; its kubeconfig is one of the stack's outputs",
    "--kubeconfig <path>": "a kubeconfig instead of the stack's",
    "--severity <severity>": "warning or critical; critical if not given",
  },
  details: `Each receiver gets the message within a minute, and a second one when the alarm has ended five minutes later.
`,
  words: "any",
} as const;

const SEVERITIES: readonly AlarmSeverity[] = ["warning", "critical"];

/** Runs `npm run alerts`. */
export const run = (argv: readonly string[]): Promise<number> =>
  runCommand(ALERTS, async () => {
    const { words, flags } = readCommandLine(ALERTS, argv);
    if (words.length !== 1 || words[0] !== "test") {
      throw new UsageError(`given: ${words.join(" ") || "nothing"}; allowed: test`);
    }
    const severity = SEVERITIES.find((each) => each === (flags.severity ?? "critical"));
    if (!severity) {
      throw new UsageError(`--severity: given ${flags.severity}; allowed: ${SEVERITIES.join(" or ")}`);
    }
    const folder = mkdtempSync(join(tmpdir(), "trellis-alerts-"));
    try {
      const { stack, kubeconfig } = flags;
      const kubectl = new Kubectl({ stack, kubeconfig, folder });
      const alarm = testAlarm({ severity, now: new Date() });
      const pod = ["exec", "--namespace", MONITORING_NAMESPACE, `statefulset/${ALERTMANAGER}`];
      kubectl.run([...pod, "--container", "alertmanager", "--", "amtool", ...alarm.words]);
      process.stdout.write(
        `Sent TrellisTestAlert with severity ${severity}. Its receivers get it within a minute, and its end after ${alarm.end.toISOString()}.\n` +
          "Nothing arrived: docs/runbooks/alerting.md#an-alert-does-not-arrive\n",
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
