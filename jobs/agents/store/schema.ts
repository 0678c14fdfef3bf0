import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import PgBoss from "pg-boss";
import {
  type Database,
  JobError,
  lockedTransaction,
  type Migration,
  migrate,
  quoteIdentifier,
  readMigrations,
} from "../../shared";
import { POOLS } from "../runtime";
import { DEAD_LETTERS, QUEUE_SCHEMA, queueOf } from "./queue";

/** The migrations are beside this folder in the sources, and beside the program in the bundle. */
const FOLDER = ["../migrations/", "./agents-migrations/"]
  .map((path) => new URL(path, import.meta.url))
  .find((folder) => existsSync(folder));

export function agentMigrations(): Migration[] {
  if (!FOLDER) throw new Error("the program was packed without the migrations of the agents");
  return readMigrations(fileURLToPath(FOLDER));
}

interface MigrateAgentsArgs {
  /** The role that the runtime works as. It gets exactly the rights that `serve` and `work` need. */
  readonly role: string;
  /** How long a delivery may take before pg-boss gives the task to another worker. */
  readonly taskSeconds: number;
  /** How often pg-boss delivers a task before it is a dead letter. */
  readonly retries: number;
}

/** Brings the schemas `agents` and `agent_queue` to this program's version; several processes may call it at once. */
export async function migrateAgents(database: Database, args: MigrateAgentsArgs): Promise<string[]> {
  const applied = await migrate(database, "agents", agentMigrations());
  const boss = new PgBoss({
    db: { executeSql: (text: string, values?: unknown[]) => database.query(text, values) },
    schema: QUEUE_SCHEMA,
    supervise: false,
    schedule: false,
  });
  boss.on("error", () => undefined);
  await boss.start();
  try {
    const limits = { expireInSeconds: args.taskSeconds, retryLimit: args.retries };
    await boss.createQueue(DEAD_LETTERS, { name: DEAD_LETTERS });
    for (const { name } of POOLS) {
      const queue = {
        name: queueOf(name),
        ...limits,
        retryDelay: 2,
        retryBackoff: true,
        deadLetter: DEAD_LETTERS,
      };
      await boss.createQueue(queue.name, queue);
      await boss.updateQueue(queue.name, queue);
    }
  } finally {
    await boss.stop({ graceful: false });
  }
  await lockedTransaction(database, "grants of agents", () => grant(database, args.role));
  return applied;
}

const FUNCTIONS = ["reserve", "settle", "post", "opened", "complete", "forget"]
  .map((name) => `agents.${name}`)
  .join(", ");

async function grant(database: Database, role: string): Promise<void> {
  const { rows } = await database.query("SELECT FROM pg_roles WHERE rolname = $1", [role]);
  if (rows.length === 0) {
    throw new JobError(
      `the role ${role} does not exist: run \`jobs postgres bootstrap\`, or name the runtime's role with AGENTS_ROLE`,
    );
  }
  const to = quoteIdentifier(role);
  await database.query(`
    GRANT USAGE ON SCHEMA agents, ${QUEUE_SCHEMA} TO ${to};
    GRANT SELECT, INSERT, UPDATE ON agents.pools, agents.tasks, agents.spend, agents.model_calls, agents.token_rate TO ${to};
    GRANT SELECT, INSERT ON agents.decisions TO ${to};
    REVOKE ALL ON FUNCTION ${FUNCTIONS} FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION ${FUNCTIONS} TO ${to};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ${QUEUE_SCHEMA}.job, ${QUEUE_SCHEMA}.archive TO ${to};
    GRANT SELECT ON ${QUEUE_SCHEMA}.queue, ${QUEUE_SCHEMA}.schedule, ${QUEUE_SCHEMA}.subscription TO ${to};
    GRANT SELECT, UPDATE ON ${QUEUE_SCHEMA}.version TO ${to}`);
}
