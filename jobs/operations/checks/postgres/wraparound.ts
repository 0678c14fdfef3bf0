import { Unanswered } from "../../readers";
import { check, fault, ok, warning } from "../check";

export const wraparound = check({
  id: "postgres.wraparound",
  title: "no database nears the wrap-around of transaction numbers",
  severity: "critical",
  timeoutSeconds: 20,
  means: "PostgreSQL stops taking writes to protect its rows.",
  next: "kubectl -n postgres exec postgres-0 -- vacuumdb --all --freeze",
  runbook: "docs/runbooks/health.md#transaction-numbers-run-out",
  run: async ({ sql }, { postgres: { primary } }) => {
    const rows = await sql.rows<{ name: string; age: number }>(
      "platform",
      primary,
      "SELECT datname AS name, age(datfrozenxid) AS age FROM pg_database ORDER BY 2 DESC",
    );
    const [oldest] = rows;
    if (!oldest) throw new Unanswered("PostgreSQL", "it lists no database");
    const text = `${oldest.name} is ${Math.round(oldest.age / 1e6)} million transactions old`;
    if (oldest.age > 1.5e9) return fault(text);
    return oldest.age > 5e8 ? warning(text) : ok(text);
  },
});
