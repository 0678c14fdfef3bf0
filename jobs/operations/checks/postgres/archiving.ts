import { Unanswered } from "../../readers";
import { check, fault, notApplicable, ok } from "../check";

export const archiving = check({
  id: "postgres.archiving",
  title: "WAL is archived",
  severity: "critical",
  timeoutSeconds: 20,
  means: "What is written now cannot be recovered, and WAL fills the disk.",
  next: "kubectl -n postgres logs postgres-0 --tail 100",
  runbook: "docs/runbooks/point-in-time.md#the-archive-is-behind",
  run: async ({ sql }, { postgres: { primary, archive } }) => {
    if (!archive) return notApplicable("the stack keeps no archive");
    const [row] = await sql.rows<{ mode: string; failing: boolean; failed: string }>(
      "platform",
      primary,
      `SELECT current_setting('archive_mode') AS mode, failed_count::text AS failed,
         coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing
       FROM pg_stat_archiver`,
    );
    if (!row) throw new Unanswered("PostgreSQL", "it has no statistics of the archiver");
    if (row.mode === "off") return fault("archive_mode is off");
    return row.failing
      ? fault(`the last attempt failed; ${row.failed} failed so far`)
      : ok("the last attempt succeeded");
  },
});
