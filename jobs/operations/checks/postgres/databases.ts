import { check, count, noneOf } from "../check";

export const databases = check({
  id: "postgres.databases",
  title: "every database of the settings exists",
  severity: "critical",
  timeoutSeconds: 20,
  means: "The application of a missing database cannot start.",
  next: "kubectl -n postgres logs job/postgres-bootstrap",
  runbook: "docs/runbooks/health.md#a-database-is-missing",
  run: async ({ sql }, { postgres: { primary, databases } }) => {
    const rows = await sql.rows<{ name: string }>(
      "platform",
      primary,
      "SELECT datname AS name FROM pg_database WHERE datallowconn",
    );
    const found = new Set(rows.map(({ name }) => name));
    const missing = databases.filter((name) => !found.has(name));
    return noneOf(
      missing.map((name) => `${name} does not exist`),
      `${count(databases.length, "database")} exist`,
    );
  },
});
