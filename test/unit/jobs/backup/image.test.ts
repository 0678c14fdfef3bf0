import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { versions } from "../../../../components/shared/versions";

/** What jobs/backup/programs.ts calls, by the package of Debian that holds it. */
const PACKAGES = {
  pg_dump: "postgresql-client",
  pg_restore: "postgresql-client",
  psql: "postgresql-client",
  zstd: "zstd",
};

describe("the job image", () => {
  const [, build = "", image = ""] = readFileSync("jobs/Dockerfile", "utf8").split(/^FROM /m);
  const major = versions.postgres.version.split(".")[0];
  const [, installed = ""] = /apt-get install [^\n]*--no-install-recommends ([^\\]*)\\/.exec(image) ?? [];

  it("holds every program that backups call, PostgreSQL's of the servers' own major version", () => {
    const called = [...readFileSync("jobs/backup/programs.ts", "utf8").matchAll(/find\("([a-z_]+)"/g)];
    const packages = called
      .map(([, program = ""]) => program)
      .filter((program) => program !== "postgres") // a server is started from the recovery image alone
      .map((program) => Reflect.get(PACKAGES, program));

    expect(called.length).toBeGreaterThanOrEqual(3);
    expect(packages).not.toContain(undefined);
    const wanted = packages.map((name) => (name === "postgresql-client" ? `${name}-${major}` : name));
    expect(installed.trim().split(" ")).toEqual(expect.arrayContaining(wanted));
  });

  it("says where they are, past the wrappers that Debian puts before them", () => {
    expect(image).toContain(`BACKUP_BIN_DIR=/usr/lib/postgresql/${major}/bin`);
    expect(build).not.toContain("postgresql-client");
  });
});
