import { type GaugeFamily, type GaugeSample, metricsText } from "../../shared";
import { backupTime } from "../store";
import type { Standing } from "./monitor";

/** In Prometheus' text format. */
export const metrics = (standing: Standing): Promise<string> => metricsText(standingFamilies(standing));

/** Existing dashboards use the first two names. */
export function standingFamilies(standing: Standing): GaugeFamily[] {
  const { newest, lastVerification } = standing;
  const begun = (name: string | undefined) =>
    name === undefined ? undefined : backupTime(name).getTime() / 1000;
  return [
    gauge(
      "last_success_timestamp",
      "When the newest good backup was begun, in seconds since 1970",
      begun(newest?.name),
    ),
    gauge("total_count", "Good backups in the bucket", standing.backups),
    gauge("unfinished_count", "Backups without a manifest", standing.unfinished),
    gauge("damaged_count", "Backups that are not what was stored", standing.damaged),
    gauge("oldest_timestamp", "When the oldest good backup was begun", begun(standing.oldest)),
    gauge("last_size_bytes", "Stored size of the newest good backup", newest?.bytes),
    gauge("previous_size_bytes", "Stored size of the backup before it", standing.previousBytes),
    gauge("last_duration_seconds", "How long the newest good backup took", newest?.seconds),
    gauge("success_ratio", "Share of the newest 10 runs that ended well", standing.successRate),
    gauge(
      "last_verification_timestamp",
      "When a backup was last read back",
      lastVerification && Date.parse(lastVerification.checkedAt) / 1000,
    ),
    gauge(
      "last_verification_good",
      "Whether it was what had been stored",
      lastVerification && Number(lastVerification.good),
    ),
    family("run_timestamp", "When each kind of run was last begun", ofRuns(standing, "timestamp")),
    family("run_good", "Whether each kind of run last ended well", ofRuns(standing, "good")),
    family("run_duration_seconds", "How long each kind of run last took", ofRuns(standing, "seconds")),
    gauge("alerts", "Things about the backups that somebody should look at", standing.alerts.length),
  ];
}

/** While the bucket cannot be read, this is the only metric: the state of the backups is unknown. */
export const storeUp = (up: boolean): GaugeFamily =>
  gauge("store_up", "Whether the bucket of the backups can be read", Number(up));

function ofRuns({ lastRuns }: Standing, what: "timestamp" | "good" | "seconds"): GaugeSample[] {
  return Object.entries(lastRuns).map(([verb, run]) => ({
    labels: { verb },
    value: {
      timestamp: Date.parse(run.timestamp) / 1000,
      good: Number(run.status === "SUCCESS"),
      seconds: run.duration_seconds,
    }[what],
  }));
}

const family = (name: string, help: string, samples: readonly GaugeSample[]): GaugeFamily => ({
  name: `backup_${name}`,
  help,
  samples,
});

const gauge = (name: string, help: string, value: number | undefined) => family(name, help, [{ value }]);
