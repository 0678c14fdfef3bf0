import { Unanswered } from "../../readers";
import { check, fault, hoursBetween, listed, notApplicable, ok } from "../check";

export const archiveWindow = check({
  id: "postgres.archive-window",
  title: "any moment up to now can be recovered",
  severity: "critical",
  means: "A recovery would end before the present, or cannot begin.",
  next: "kubectl -n postgres create job --from=cronjob/postgres-base-backup-full base-backup-now",
  runbook: "docs/runbooks/point-in-time.md#the-archive-has-a-gap",
  run: async ({ metrics, now }, { postgres: { archive } }) => {
    if (!archive) return notApplicable("the stack keeps no archive");
    const held = await metrics("the exporter of the archive", archive);
    const repositories = held.all("trellis_archive_repository_up");
    if (repositories.length === 0)
      throw new Unanswered("the exporter of the archive", "it names no repository");
    const wrong = repositories.flatMap(({ labels, value }) => {
      const name = `repository ${labels.repository}`;
      if (value !== 1) return [`${name} cannot be read`];
      if (held.value("trellis_archive_gap", labels) === 1) return [`${name} has a gap`];
      const start = held.value("trellis_archive_window_start_timestamp_seconds", labels);
      return start === undefined ? [`${name} has no base backup`] : [];
    });
    if (wrong.length > 0) return fault(listed(wrong));
    const start = held.value("trellis_archive_window_start_timestamp_seconds") ?? 0;
    return ok(`every moment of the last ${Math.floor(hoursBetween(start * 1000, now()) / 24)} days`);
  },
});
