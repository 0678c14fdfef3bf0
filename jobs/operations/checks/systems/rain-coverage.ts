import { readStatus } from "../../../rain";
import { check, fault, notApplicable, ok } from "../check";

const MOST = 0.2;

export const rainCoverage = check({
  id: "systems.rain-coverage",
  title: "the rain record covers its last water year",
  severity: "warning",
  timeoutSeconds: 20,
  means: "Days of gauges are missing from every file that was imported.",
  next: "jobs rain status",
  runbook: "docs/runbooks/health.md#the-rain-record-has-holes",
  run: async ({ sql }, { rain, postgres: { primary } }) => {
    if (!rain) return notApplicable("the stack has no Rain Tracker");
    const { coverage } = await sql.with("rain", primary, (database) => readStatus(database, 1));
    const [newest] = coverage;
    if (!newest) return fault("the record has no reading");
    const days = newest.measuredDays + newest.missingDays + newest.unreportedDays;
    const text = `water year ${newest.waterYear}: ${newest.unreportedDays} of ${days} gauge days in no file`;
    return newest.unreportedDays <= MOST * days ? ok(text) : fault(text);
  },
});
