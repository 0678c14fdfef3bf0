import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundleJobs } from "../../../../jobs/bundle";
import { PATRONI_PASSWORD } from "../../../rigs/etcd/cluster";
import { PATRONI_PROGRAMS, PatroniCluster } from "../../../rigs/patroni/cluster";
import type { PatroniMember } from "../../../rigs/patroni/member";
import { layDownReleases, releaseProgram } from "../../../rigs/postgres/releases";
import { postgresUser } from "../../../rigs/postgres/user";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

/** No account has this number; see the groups of the members. */
const GROUP = 61_812;

describeWith(
  [...PATRONI_PROGRAMS, releaseProgram(17)],
  "an upgrade of a Patroni cluster from PostgreSQL 15 to 17, as the runbook has it",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "trellis-upgrade-test-"));
    const releases = join(folder, "releases");
    const programs = (major: number) => join(releases, String(major), "bin");
    let cluster: PatroniCluster;
    let jobs: string;
    let environment: Record<string, string>;
    let first: PatroniMember;
    let others: readonly PatroniMember[];

    beforeAll(async () => {
      chmodSync(folder, 0o755);
      layDownReleases(releases, [15, 17]);
      // Before the upgrade, the image is of the old release: what its configuration calls 17 is 15.
      renameSync(join(releases, "17"), join(releases, "17.coming"));
      execFileSync("ln", ["-s", join(releases, "15"), join(releases, "17")]);
      cluster = await PatroniCluster.start({
        retouch: (rendered) => rendered.replace(/bin_dir: .*/, `bin_dir: ${programs(17)}`),
      });
      jobs = await bundleJobs(join(folder, "bundle"));
      const [one, ...rest] = cluster.members;
      if (!one) throw new Error("the cluster has no member");
      first = one;
      others = rest;
      environment = environmentOf(cluster, folder, programs);
    });

    afterAll(async () => {
      await cluster?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    /** As a pod of the recovery image: the user postgres, with the volume of the first member. */
    const job = (...words: string[]) => runAsPostgres(jobs, ["postgres", ...words], environment);
    const ask = (sql: string) => cluster.psql(first, sql).trim();
    const release = () => Math.floor(Number(ask("SHOW server_version_num")) / 10_000);
    const ROLES =
      "SELECT string_agg(rolname || coalesce(rolpassword, ''), ',' ORDER BY rolname) FROM pg_authid WHERE rolname !~ '^pg_'";

    const startFirstAlone = async () => {
      first.start();
      await eventually(
        "the first member leads",
        60_000,
        async () => (await first.ask("/primary")).status === 200,
      );
    };
    const stopAll = async () => {
      // Replicas first: the leader stops last, so it has all rows.
      for (const member of others) await member.stop();
      await first.stop();
    };

    it("restarts members of an image with the new release on the old one, as their data are", async () => {
      const leader = await cluster.settled();
      if (leader !== first) await cluster.switchover(leader, first);
      await cluster.settled();
      for (const sql of [
        "CREATE ROLE undeclared LOGIN PASSWORD 'made-by-hand'",
        "CREATE DATABASE orders OWNER undeclared",
        "CREATE EXTENSION pg_stat_statements",
        "CREATE TABLE kept AS SELECT n, md5(n::text) AS text FROM generate_series(1, 20000) AS n",
      ])
        ask(sql);
      rmSync(join(releases, "17"));
      renameSync(join(releases, "17.coming"), join(releases, "17"));
      const [replica] = others;
      await replica?.stop();
      replica?.start();
      await cluster.settled();
      expect(release()).toBe(15);
    });

    it("ends at once, with what to do, where the image lacks the release of the data", async () => {
      const config = join(folder, "patroni.yml");
      const { data } = first.seen;
      writeFileSync(config, `postgresql: { data_dir: ${data}, bin_dir: ${join(folder, "image/17/bin")} }`);
      expect(await first.refusal(config)).toContain(
        "are of PostgreSQL 15, and this image has only 17: set postgres.upgradeFrom: 15 and follow docs/runbooks/postgres-upgrade.md",
      );
    });

    it("rehearses beside the serving cluster", async () => {
      const said = await job("upgrade", "rehearse");
      expect(said).toMatch(
        /PostgreSQL 15 can become 17: \d+ databases, \d+ roles and \d+ extensions came over/,
      );
    });

    it("refuses data that are in use", async () => {
      await expect(job("upgrade", "run")).rejects.toThrow(/the cluster is alive, and its state is not stale/);
    });

    it("moves the data, keeps every role, and makes the replicas anew", async () => {
      const roles = ask(ROLES);
      await stopAll();
      expect(await job("upgrade", "run")).toMatch(/is of PostgreSQL 17 now; .* keeps the data of 15/);
      await startFirstAlone();
      expect(release()).toBe(17);
      expect(ask(ROLES)).toBe(roles);
      expect(ask("SELECT count(*) FROM kept")).toBe("20000");
      expect(ask("SHOW max_wal_size")).toBe("1GB"); // the configuration that was in etcd
      expect(JSON.stringify(await cluster.reported())).not.toContain("pending_restart");
      expect(await job("upgrade", "finish")).toMatch(/extensions updated, \d+ databases analyzed/);
      expect(ask("SELECT extversion FROM pg_extension WHERE extname = 'pg_stat_statements'")).toBe("1.11");
      for (const member of others) {
        member.loseDisk();
        member.start();
      }
      await cluster.settled();
    });

    it("takes the way back, with the rows of the time before", async () => {
      ask("INSERT INTO kept VALUES (0, 'written after the upgrade')");
      await stopAll();
      expect(await job("upgrade", "back")).toMatch(/is of PostgreSQL 15 again/);
      await startFirstAlone();
      expect(release()).toBe(15);
      expect(ask("SELECT count(*) FROM kept")).toBe("20000");
    });

    it("has no way back once it is confirmed", async () => {
      await first.stop();
      await job("upgrade", "run");
      expect(await job("upgrade", "run")).toMatch(/is of PostgreSQL 17 already/);
      expect(await job("upgrade", "confirm")).toMatch(/there is no way back/);
      await expect(job("upgrade", "back")).rejects.toThrow(/the upgrade was confirmed/);
      const data = environment.UPGRADE_DATA ?? "";
      expect(["old", "new", "abandoned"].filter((each) => existsSync(`${data}.${each}`))).toEqual([]);
      await startFirstAlone();
      expect(release()).toBe(17);
    });
  },
);

describeWith(["initdb", releaseProgram(18)], "an upgrade of PostgreSQL's data alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-upgrade-data-"));
  const releases = join(folder, "releases");
  const data = join(folder, "volume", "pgdata");
  let jobs: string;

  beforeAll(async () => {
    chmodSync(folder, 0o755);
    layDownReleases(releases, [15, 18]);
    mkdirSync(join(folder, "volume"));
    chownSync(join(folder, "volume"), postgresUser(), GROUP);
    jobs = await bundleJobs(join(folder, "bundle"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const program = (major: number, name: string, ...words: string[]) =>
    execFileSync(join(releases, String(major), "bin", name), words, {
      ...{ uid: postgresUser(), gid: GROUP, cwd: folder, encoding: "utf8" },
      env: { PATH: process.env.PATH, LC_ALL: "C" },
    });
  const job = (...words: string[]) =>
    runAsPostgres(jobs, ["postgres", "upgrade", ...words], {
      UPGRADE_OLD_PROGRAMS: join(releases, "15", "bin"),
      UPGRADE_NEW_PROGRAMS: join(releases, "18", "bin"),
      UPGRADE_DATA: data,
    });

  it("goes over several releases at once, and says what would stop it before it changes anything", async () => {
    program(15, "initdb", "--pgdata", data, "--username=postgres", "--locale=C.UTF-8", "--encoding=UTF8");
    const server = ["--pgdata", data, "--wait", "--silent", "--log", join(folder, "volume/log")];
    const sockets = `-c unix_socket_directories=${join(folder, "volume")} -c listen_addresses=`;
    const psql = (sql: string) =>
      program(15, "psql", "-h", join(folder, "volume"), "-U", "postgres", "-qtAc", sql);
    program(15, "pg_ctl", ...server, "--options", sockets, "start");
    psql("CREATE TABLE old_type (relation regproc)"); // no release can bring such a column over
    await expect(job("run")).rejects.toThrow(/PostgreSQL still runs, or it was not stopped in order/);
    program(15, "pg_ctl", ...server, "stop");
    await expect(job("run")).rejects.toThrow(/pg_upgrade refuses: [\s\S]*public\.old_type\.relation/);
    program(15, "pg_ctl", ...server, "--options", sockets, "start");
    psql("DROP TABLE old_type");
    program(15, "pg_ctl", ...server, "stop");
    expect(await job("run", "--transfer", "link")).toMatch(/is of PostgreSQL 18 now/);
    await expect(job("back")).rejects.toThrow(/shares its files with the new data/);
    expect(program(18, "pg_controldata", data)).toMatch(/Data page checksum version: +0/);
  });
});

/** The variables of the upgrade's pods. */
function environmentOf(
  cluster: PatroniCluster,
  folder: string,
  programs: (major: number) => string,
): Record<string, string> {
  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    chownSync(join(folder, name), postgresUser(), GROUP);
    return join(folder, name);
  };
  const client = cluster.etcd.client(undefined);
  return {
    UPGRADE_OLD_PROGRAMS: programs(15),
    UPGRADE_NEW_PROGRAMS: programs(17),
    UPGRADE_DATA: cluster.members[0]?.seen.data ?? "",
    POSTGRES_HOST: cluster.address,
    POSTGRES_PORT: String(cluster.ports.leader),
    POSTGRES_PASSWORD: cluster.passwords.superuser,
    POSTGRES_SSLMODE: "verify-full",
    POSTGRES_SSLROOTCERT: file("ca.crt", cluster.authority.cert),
    PATRONI_SCOPE: "trellis",
    ETCD_ENDPOINTS: cluster.etcd.endpoints.join(),
    ETCD_CACERT: file("etcd-ca.crt", cluster.etcd.authority.cert),
    ETCD_CERT: file("etcd.crt", client.cert),
    ETCD_KEY: file("etcd.key", client.key),
    ETCD_PASSWORD: PATRONI_PASSWORD,
  };
}

/** What `jobs <words>` printed; fails with what it complained of. */
function runAsPostgres(
  binary: string,
  words: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ cwd: tmpdir(), uid: postgresUser(), gid: GROUP, maxBuffer: 2 ** 24 },
      env: { PATH: "/usr/bin:/bin", HOME: tmpdir(), ...environment },
    };
    execFile(process.execPath, [binary, ...words], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${words.join(" ")}: ${stderr}${stdout}`));
      else resolve(stdout);
    });
  });
}
