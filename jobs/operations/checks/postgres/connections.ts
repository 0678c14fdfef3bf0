import { check, fault, ok, warning } from "../check";

export const connections = check({
  id: "postgres.connections",
  title: "PostgreSQL has sessions to spare",
  severity: "critical",
  timeoutSeconds: 20,
  means: "At the limit PostgreSQL refuses every further login.",
  next: "kubectl -n postgres exec postgres-0 -- psql --command 'SELECT usename, count(*) FROM pg_stat_activity GROUP BY 1'",
  runbook: "docs/runbooks/health.md#too-many-sessions",
  run: async ({ sql }, { postgres: { primary } }) => {
    const [row] = await sql.rows<{ used: number; most: number }>(
      "platform",
      primary,
      `SELECT count(*)::integer AS used, current_setting('max_connections')::integer
         - current_setting('superuser_reserved_connections')::integer AS most
       FROM pg_stat_activity WHERE backend_type = 'client backend'`,
    );
    const { used = 0, most = 1 } = row ?? {};
    const text = `${used} of ${most} sessions`;
    if (used > 0.95 * most) return fault(text);
    return used > 0.8 * most ? warning(text) : ok(text);
  },
});
