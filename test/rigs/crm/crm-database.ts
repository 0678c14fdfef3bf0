import { runJob } from "../jobs/run-job";
import { BootstrapRun } from "../postgres/bootstrap";
import { PASSWORD, type PostgresServer, startPostgres } from "../postgres/postgres";

const LOGIN = "a-password-0f-a-service";

/** What the bootstrap Job reads for the CRM's database. */
export const crmSpecification = (...epochs: number[]) => {
  const logins = epochs.map((epoch) => ({ epoch, passwordFile: "login" }));
  const application = (name: string, access: string) => ({ name, database: "crm", access, logins });
  return {
    databases: [{ name: "crm" }],
    applications: [
      application("crm_reader", "read"),
      application("crm_writer", "write"),
      application("crm_migrator", "migrate"),
    ],
    supabase: {
      database: "crm",
      services: {
        authenticator: { logins },
        auth: { logins },
        storage: { logins },
        agents: { logins },
        api: { logins },
      },
    },
  };
};

/** A server with the CRM's database as a deployment makes it: bootstrap, then migrations as the migrator. */
export class CrmDatabase {
  private constructor(
    readonly server: PostgresServer,
    readonly job: BootstrapRun,
  ) {}

  static async start(): Promise<CrmDatabase> {
    const server = await startPostgres();
    const job = new BootstrapRun(server);
    job.password("login", LOGIN);
    const crm = new CrmDatabase(server, job);
    for (const run of [await job.run(crmSpecification(1)), await crm.migrate()]) {
      if (run.exitCode !== 0) throw new Error(run.stderr);
    }
    return crm;
  }

  migrate = () =>
    runJob(["postgres", "migrate", "up", "crm"], {
      environment: this.environment("MIGRATE", "crm_migrator_1"),
    });

  environment = (prefix: string, user: string) => ({
    [`${prefix}_HOST`]: "127.0.0.1",
    [`${prefix}_PORT`]: String(this.server.port),
    [`${prefix}_DATABASE`]: "crm",
    [`${prefix}_USER`]: user,
    [`${prefix}_PASSWORD`]: LOGIN,
  });

  loginOf = (user: string) => ({
    host: "127.0.0.1",
    port: this.server.port,
    database: "crm",
    user,
    password: LOGIN,
  });

  admin = (sql: string) => this.job.as("postgres", PASSWORD, "crm", sql);
  as = (login: string, sql: string) => this.job.as(login, LOGIN, "crm", sql);
  session = (login: string) => this.job.session(login, LOGIN, "crm");

  async stop(): Promise<void> {
    this.job.clean();
    await this.server.stop();
  }
}
