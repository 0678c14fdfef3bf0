import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  createDatabase,
  PASSWORD,
  type PostgresServer,
  type TestDatabase,
} from "../test/rigs/postgres/postgres";
import { cacheDirectory } from "../test/rigs/programs";
import { type ChangesPerThousand, changesOf, fillOf, type Shape, tableOf, timed } from "./merge-stores";

const run = promisify(execFile);
const ENVIRONMENT = join(cacheDirectory, "venv-dbt");
const DBT = join(ENVIRONMENT, "bin", "dbt");
const SHAPE_COLUMNS = 6;

/** dbt's snapshot of the same table, with hard deletes enabled. Source and snapshot are in one database. */
export class DbtSnapshot {
  private constructor(
    private readonly warehouse: TestDatabase,
    private readonly project: string,
    private readonly shape: Shape,
  ) {}

  static async open(server: PostgresServer, source: TestDatabase): Promise<DbtSnapshot> {
    await install();
    const [counted] = await source.query<{ count: string }>("SELECT count(*) FROM t");
    const shape = { rows: Number(counted?.count), columns: SHAPE_COLUMNS };
    const warehouse = await createDatabase(server, { label: "dbt" });
    await warehouse.query(tableOf(shape, "t"));
    await warehouse.query(fillOf(shape, "t"));
    await warehouse.query("VACUUM ANALYZE t");
    return new DbtSnapshot(warehouse, writeProject(server.port, warehouse.name), shape);
  }

  /** Runs `dbt snapshot` and records its total time and the time of the snapshot node. */
  async measure(label: string, note: (name: string, seconds: number) => void): Promise<void> {
    await this.warehouse.query("CHECKPOINT");
    const whole = await timed(() =>
      run(DBT, ["snapshot", "--project-dir", this.project, "--profiles-dir", this.project], {
        env: { ...process.env, DO_NOT_TRACK: "1", DBT_SEND_ANONYMOUS_USAGE_STATS: "false" },
        maxBuffer: 2 ** 26,
      }),
    );
    const results = JSON.parse(readFileSync(join(this.project, "target", "run_results.json"), "utf8")) as {
      results: { execution_time: number }[];
    };
    note(`dbt: ${label}, whole command`, whole);
    note(`dbt: ${label}, node`, results.results[0]?.execution_time ?? 0);
  }

  async change(changes: ChangesPerThousand): Promise<void> {
    await this.warehouse.query(changesOf(this.shape, "t", changes));
    await this.warehouse.query("VACUUM ANALYZE t");
  }

  async close(): Promise<void> {
    rmSync(this.project, { recursive: true });
    await this.warehouse.drop();
  }
}

async function install(): Promise<void> {
  if (existsSync(DBT)) return;
  console.error(`installing dbt in ${ENVIRONMENT}, once`);
  mkdirSync(cacheDirectory, { recursive: true });
  await run("python3", ["-m", "venv", ENVIRONMENT]);
  await run(join(ENVIRONMENT, "bin", "pip"), ["install", "--quiet", "dbt-core<1.12", "dbt-postgres"], {
    maxBuffer: 2 ** 26,
  });
}

function writeProject(port: number, database: string): string {
  const project = mkdtempSync(join(tmpdir(), "trellis-dbt-"));
  mkdirSync(join(project, "snapshots"));
  writeFileSync(
    join(project, "dbt_project.yml"),
    "name: bench\nversion: '1.0.0'\nprofile: bench\nsnapshot-paths: [snapshots]\nmodel-paths: []\n",
  );
  writeFileSync(
    join(project, "profiles.yml"),
    `bench:\n  target: bench\n  outputs:\n    bench: {type: postgres, host: 127.0.0.1, port: ${port}, user: postgres, ` +
      `password: ${PASSWORD}, dbname: ${database}, schema: public, threads: 1}\n`,
  );
  writeFileSync(
    join(project, "snapshots", "t_snapshot.sql"),
    `{% snapshot t_snapshot %}
{{ config(target_schema='snapshots', unique_key='id', strategy='check', check_cols='all', hard_deletes='invalidate') }}
select * from public.t
{% endsnapshot %}
`,
  );
  return project;
}
