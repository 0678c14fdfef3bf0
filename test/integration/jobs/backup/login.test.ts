import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeBackupLogins, retireBackupLogins } from "../../../../jobs/postgres/bootstrap/backup-logins";
import { type Database, withDatabase } from "../../../../jobs/shared";
import { type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { query } from "../../../rigs/backup/sample-database";
import { PASSWORD } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";

const BACKUP_PASSWORD = "the-passw0rd-of-backups";

/** Made by the application: nobody else was granted anything, and rows hide even from their owner. */
const PRIVATE = `
  CREATE SCHEMA hidden;
  CREATE TABLE hidden.orders AS SELECT n, md5(n::text) AS what FROM generate_series(1, 500) AS n;
  CREATE TABLE hidden.tenants AS SELECT n FROM generate_series(1, 20) AS n;
  ALTER TABLE hidden.tenants ENABLE ROW LEVEL SECURITY;
  ALTER TABLE hidden.tenants FORCE ROW LEVEL SECURITY;
  CREATE SEQUENCE hidden.numbers START 77;
  SELECT lo_from_bytea(0, 'a contract');`;

describeWith(["initdb", "pg_dump", "pg_restore", "zstd"], "the login that makes backups", () => {
  let rig: BackupRig;
  let environment: Record<string, string>;

  beforeAll(async () => {
    rig = await startBackupRig();
    await query(rig.server, "postgres", "CREATE ROLE shop_owner");
    await query(rig.server, "postgres", "CREATE DATABASE shop OWNER shop_owner");
    await query(rig.server, "postgres", "REVOKE ALL ON DATABASE shop FROM PUBLIC");
    await query(rig.server, "shop", `SET ROLE shop_owner; ${PRIVATE}`);
    await makeLogins(1);
    environment = {
      BACKUP_SERVER_USER: "trellis_backup_1",
      BACKUP_SERVER_PASSWORD: BACKUP_PASSWORD,
      BACKUP_DATABASES: "shop",
    };
  });
  afterAll(() => rig?.stop());

  /** As the bootstrap job does, of whose other statements PostgreSQL 15 does not know all. */
  const asLeader = <T>(work: (leader: Database) => Promise<T>) =>
    withDatabase(
      {
        ...{ host: "127.0.0.1", port: rig.server.port, database: "postgres", user: "postgres" },
        ...{ password: PASSWORD, sslmode: "prefer", certificateAuthority: undefined },
      },
      { purpose: "the leader", applicationName: "test" },
      work,
    );
  const makeLogins = (...epochs: number[]) =>
    asLeader((leader) =>
      makeBackupLogins(
        leader,
        { logins: epochs.map((epoch) => ({ epoch, passwordFile: "backup" })) },
        ["shop"],
        () => BACKUP_PASSWORD,
      ),
    );

  it("reads everything: hidden schemas, rows behind row security, sequences, large objects", () =>
    withStandIn(async (store) => {
      expect(await rig.backup(store, "create", environment)).toMatchObject({ error: undefined });
      expect(await rig.backup(store, "restore --database shop --as again")).toMatchObject({
        error: undefined,
      });

      const [restored, original] = await Promise.all(
        ["again", "shop"].map((name) => query(rig.server, name, EVERYTHING)),
      );
      expect(restored).toEqual(original);
      expect(original).toMatchObject([{ tenants: 20, number: "77", contract: "a contract" }]);
      await query(rig.server, "postgres", "DROP DATABASE again");
    }));

  it.each([
    "DELETE FROM hidden.orders",
    "CREATE TABLE public.mine (n int)",
    "CREATE DATABASE mine",
    "CREATE ROLE mine",
    "COPY hidden.orders TO '/tmp/orders'",
  ])("may not %s", async (statement) => {
    const session = new pg.Client({
      ...{ host: "127.0.0.1", port: rig.server.port, database: "shop" },
      ...{ user: "trellis_backup_1", password: BACKUP_PASSWORD },
    });
    await session.connect();
    try {
      await expect(session.query(statement)).rejects.toMatchObject({ code: "42501" }); // insufficient_privilege
    } finally {
      await session.end();
    }
  });

  it("is followed by another of the next epoch, and retired after the one thereafter", async () => {
    const logins = async () =>
      (await query<{ rolname: string }>(rig.server, "postgres", LOGINS)).map(({ rolname }) => rolname);
    await makeLogins(1, 2);
    expect(await asLeader(retireBackupLogins)).toEqual([]);
    expect(await logins()).toEqual(["trellis_backup_1", "trellis_backup_2"]);
    await makeLogins(2, 3);
    expect(await asLeader(retireBackupLogins)).toEqual(["trellis_backup_1"]);
    expect(await logins()).toEqual(["trellis_backup_2", "trellis_backup_3"]);
  });
});

const LOGINS = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'trellis\\_backup\\__' ORDER BY 1";

const EVERYTHING = `
  SELECT (SELECT count(*)::int FROM hidden.tenants) AS tenants, (SELECT last_value FROM hidden.numbers) AS number,
    (SELECT convert_from(lo_get(oid), 'UTF8') FROM pg_largeobject_metadata) AS contract,
    (SELECT md5(string_agg(n || what, ',' ORDER BY n)) FROM hidden.orders) AS orders`;
