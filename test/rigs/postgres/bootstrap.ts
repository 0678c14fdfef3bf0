import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { type JobRun, runJob } from "../jobs/run-job";
import { PASSWORD, type PostgresServer } from "./postgres";

/** Runs `postgres bootstrap` as the Job does: a specification and a folder of passwords, as mounted. */
export class BootstrapRun {
  readonly #folder = mkdtempSync(join(tmpdir(), "trellis-bootstrap-"));
  readonly #server: Pick<PostgresServer, "port">;

  constructor(server: Pick<PostgresServer, "port">) {
    this.#server = server;
  }

  password(file: string, password: string): void {
    writeFileSync(join(this.#folder, file), password, { mode: 0o600 });
  }

  async run(specification: object, flags: readonly string[] = [], environment = {}): Promise<JobRun> {
    const file = join(this.#folder, "specification.json");
    writeFileSync(file, JSON.stringify(specification));
    return runJob(["postgres", "bootstrap", "--wait-seconds", "5", ...flags], {
      environment: {
        POSTGRES_HOST: "127.0.0.1",
        POSTGRES_PORT: String(this.#server.port),
        POSTGRES_PASSWORD: PASSWORD,
        POSTGRES_SPECIFICATION: file,
        POSTGRES_PASSWORDS: this.#folder,
        ...environment,
      },
    });
  }

  clean(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs one statement as an application would. */
  async as(
    user: string,
    password: string,
    database: string,
    sql: string,
  ): Promise<Record<string, unknown>[]> {
    const client = await this.session(user, password, database);
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async session(user: string, password: string, database: string): Promise<pg.Client> {
    const client = new pg.Client({ host: "127.0.0.1", port: this.#server.port, user, password, database });
    await client.connect();
    return client;
  }
}
