import { describe, expect, it } from "vitest";
import { bootstrapSpecification, loginsOf } from "../../../../../components/data/postgres";
import { SUPABASE_SERVICES } from "../../../../../components/data/postgres/databases/specification";
import { SUPABASE_GROUPS, specification } from "../../../../../jobs/postgres/bootstrap/specification";

const database = (epoch: number, extensions: string[] = []) => ({ extensions, connections: 30, epoch });

describe("the specification of databases", () => {
  it("is one that the bootstrap job takes, with the longest name that settings allow", () => {
    const longest = "d".repeat(40);
    const text = bootstrapSpecification(
      { crm: database(1, ["pg_trgm"]), [longest]: database(999_999) },
      { epoch: 2, sessions: 8 },
      {},
    );

    const judged = specification.parse(JSON.parse(text));
    expect(judged.databases.map(({ name }) => name)).toEqual(["crm", longest]);
    expect(judged.backup?.logins.map(({ epoch }) => epoch)).toEqual([1, 2]);
  });

  it("limits a database to the sessions of its logins and of backups, and the backup login to its own", () => {
    const text = bootstrapSpecification({ crm: database(1) }, { epoch: 1, sessions: 8 }, {});

    const judged = specification.parse(JSON.parse(text));
    expect(judged.databases.map(({ connectionLimit }) => connectionLimit)).toEqual([38]);
    expect(judged.applications.map(({ connectionLimit }) => connectionLimit)).toEqual([30, 30, 30]);
    expect(judged.backup?.connectionLimit).toBe(8);
  });

  it("keeps the former logins working beside the new ones when the epoch is raised", () => {
    const users = (epoch: number) => loginsOf({ crm: database(epoch) }).map(({ user }) => user);

    expect(users(1)).toEqual(["crm_reader_1", "crm_writer_1", "crm_migrator_1"]);
    expect(users(2)).toEqual(expect.arrayContaining([...users(1), "crm_writer_2"]));
    expect(users(3)).not.toContain("crm_writer_1");
  });

  it("gives each of Supabase's services a login of this and of the former epoch, with its sessions", () => {
    const supabase = { database: "crm", sessions: { authenticator: 33, auth: 22, agents: 12 }, epoch: 2 };
    const text = bootstrapSpecification({ crm: database(2) }, { epoch: 1, sessions: 8 }, {}, supabase);

    const { services } = specification.parse(JSON.parse(text)).supabase ?? {};
    expect(Object.keys(services ?? {})).toEqual(["authenticator", "auth", "agents"]);
    expect(services?.auth).toEqual({
      connectionLimit: 22,
      logins: [
        { epoch: 1, passwordFile: "supabase_auth_admin_1" },
        { epoch: 2, passwordFile: "supabase_auth_admin_2" },
      ],
    });
    for (const [service, group] of Object.entries(SUPABASE_GROUPS)) {
      expect(SUPABASE_SERVICES, service).toMatchObject({ [service]: group });
    }
  });

  it("names the file of every password, once", () => {
    const databases = { crm: database(2), rain: database(1) };
    const files = JSON.parse(
      bootstrapSpecification(databases, { epoch: 1, sessions: 8 }, {}),
    ).applications.flatMap(({ logins }: { logins: { passwordFile: string }[] }) =>
      logins.map(({ passwordFile }) => passwordFile),
    );

    expect(files.sort()).toEqual(
      loginsOf(databases)
        .map(({ passwordFile }) => passwordFile)
        .sort(),
    );
  });
});
