import { check, fault, hoursBetween, notApplicable, ok } from "../check";

export const rainFreshness = check({
  id: "systems.rain-freshness",
  title: "the rain record was imported lately",
  severity: "warning",
  timeoutSeconds: 20,
  means: "The record lacks the last days.",
  next: "kubectl -n rain-tracker create job --from=cronjob/rain-import-current-year import-now",
  runbook: "docs/runbooks/health.md#the-rain-record-is-old",
  run: async ({ sql, now }, { environment, rain, postgres: { primary } }) => {
    if (!rain) return notApplicable("the stack has no Rain Tracker");
    if (environment === "dev") return notApplicable("dev imports nothing by itself");
    const [row] = await sql.rows<{ last: Date | null; failed: number }>(
      "rain",
      primary,
      `SELECT max(finished_at) FILTER (WHERE status = 'completed') AS last,
         (count(*) FILTER (WHERE status = 'failed' AND started_at > now() - interval '1 day'))::integer AS failed
       FROM import_run`,
    );
    if (!row?.last) return fault("no import was ever completed");
    const hours = hoursBetween(row.last.getTime(), now());
    const text = `the last import was ${hours.toFixed(1)} hours ago`;
    return hours <= rain.maxImportAgeHours ? ok(text) : fault(text);
  },
});
