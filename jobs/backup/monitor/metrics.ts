import { backupTime } from "../store";
import type { Standing } from "./monitor";

type Sample = readonly [labels: string, value: number | undefined];

/** In Prometheus' text format; the first two names are those that dashboards already know. */
export function metrics(standing: Standing): string {
  const { newest, lastVerification } = standing;
  const begun = (name: string | undefined) =>
    name === undefined ? undefined : backupTime(name).getTime() / 1000;
  return [
    family("last_success_timestamp", "When the newest good backup was begun, in seconds since 1970", [
      ["", begun(newest?.name)],
    ]),
    family("total_count", "Good backups in the bucket", [["", standing.backups]]),
    family("unfinished_count", "Backups without a manifest", [["", standing.unfinished]]),
    family("damaged_count", "Backups that are not what was stored", [["", standing.damaged]]),
    family("oldest_timestamp", "When the oldest good backup was begun", [["", begun(standing.oldest)]]),
    family("last_size_bytes", "Stored size of the newest good backup", [["", newest?.bytes]]),
    family("previous_size_bytes", "Stored size of the backup before it", [["", standing.previousBytes]]),
    family("last_duration_seconds", "How long the newest good backup took", [["", newest?.seconds]]),
    family("success_ratio", "Share of the newest 10 runs that ended well", [["", standing.successRate]]),
    family("last_verification_timestamp", "When a backup was last read back", [
      ["", lastVerification && Date.parse(lastVerification.checkedAt) / 1000],
    ]),
    family("last_verification_good", "Whether it was what had been stored", [
      ["", lastVerification && Number(lastVerification.good)],
    ]),
    family("run_timestamp", "When each kind of run was last begun", ofRuns(standing, "timestamp")),
    family("run_good", "Whether each kind of run last ended well", ofRuns(standing, "good")),
    family("run_duration_seconds", "How long each kind of run last took", ofRuns(standing, "seconds")),
    family("alerts", "Things about the backups that somebody should look at", [["", standing.alerts.length]]),
  ].join("");
}

/** What is said while the bucket cannot be read: nothing about backups, since nothing is known. */
export const storeUp = (up: boolean) =>
  family("store_up", "Whether the bucket of the backups can be read", [["", Number(up)]]);

function ofRuns({ lastRuns }: Standing, what: "timestamp" | "good" | "seconds"): Sample[] {
  return Object.entries(lastRuns).map(([verb, run]) => [
    `{verb="${verb}"}`,
    {
      timestamp: Date.parse(run.timestamp) / 1000,
      good: Number(run.status === "SUCCESS"),
      seconds: run.duration_seconds,
    }[what],
  ]);
}

function family(name: string, help: string, samples: readonly Sample[]): string {
  const known = samples.filter(([, value]) => value !== undefined);
  if (known.length === 0) return "";
  const lines = known.map(([labels, value]) => `backup_${name}${labels} ${value}\n`);
  return `# HELP backup_${name} ${help}\n# TYPE backup_${name} gauge\n${lines.join("")}`;
}
