import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Patroni } from "../../../../jobs/patroni/rest";
import { Publisher } from "../../../../jobs/postgres/discovery/publisher";
import { readSnapshot } from "../../../../jobs/postgres/discovery/snapshot";
import { watchKeys } from "../../../../jobs/postgres/discovery/watcher";
import { EtcdGateway } from "../../../../jobs/postgres/etcd/gateway";
import { SliceRecord } from "../../../rigs/discovery/history";
import { PATRONI_PASSWORD } from "../../../rigs/etcd/cluster";
import { runJob } from "../../../rigs/jobs/run-job";
import { PATRONI_PROGRAMS, PatroniCluster } from "../../../rigs/patroni/cluster";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

const PREFIX = "/service/trellis/";

describeWith(PATRONI_PROGRAMS, "the jobs beside a real Patroni cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-patroni-jobs-"));
  const stopping = new AbortController();
  const primary = new SliceRecord();
  const replica = new SliceRecord();
  let cluster: PatroniCluster;
  let gateway: EtcdGateway;
  let environment: Record<string, string>;
  let watching: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    cluster = await PatroniCluster.start();
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content, { mode: 0o600 });
      return join(folder, name);
    };
    const client = cluster.etcd.client(undefined);
    gateway = new EtcdGateway({
      endpoints: cluster.etcd.endpoints,
      authority: file("etcd-ca.crt", cluster.etcd.authority.cert),
      certificate: file("etcd.crt", client.cert),
      key: file("etcd.key", client.key),
      user: "patroni",
      password: PATRONI_PASSWORD,
    });
    const [member] = cluster.members;
    environment = {
      // As in a pod of the jobs: by a name that the certificate contains, while members announce their addresses.
      PATRONI_URL: `https://localhost:${member?.ports.rest}`,
      PATRONI_CACERT: file("ca.crt", cluster.authority.cert),
      PATRONI_PASSWORD: cluster.passwords.rest,
    };
    const publishers = [
      { kind: "primary" as const, store: primary },
      { kind: "replica" as const, store: replica },
    ].map(
      (each) =>
        new Publisher({
          ...each,
          name: `postgres-${each.kind}`,
          namespace: "postgres",
          port: 5432,
          readNow: (signal) => readSnapshot(gateway, PREFIX, signal),
          refreshMs: 60_000,
          lookMs: 10_000,
          log: pino({ level: "silent" }),
        }),
    );
    watching = Promise.allSettled([
      watchKeys({
        gateway,
        prefix: PREFIX,
        readMs: 3_000,
        signal: stopping.signal,
        log: pino({ level: "silent" }),
        onSnapshot: (snapshot) => {
          for (const publisher of publishers) publisher.offer(snapshot);
        },
      }),
      ...publishers.map((publisher) => publisher.run(stopping.signal)),
    ]);
  });

  afterAll(async () => {
    stopping.abort(new Error("the test is over"));
    await watching;
    gateway?.close();
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const led = (record: SliceRecord) => record.answers.at(-1)?.endpoints.map(({ member }) => member) ?? [];
  const published = (leader: string) =>
    eventually(
      `${leader} is published, with two replicas`,
      60_000,
      () => led(primary).join() === leader && led(replica).length === 2 && !led(replica).includes(leader),
    );

  it("finds the leader and its replicas by what Patroni itself writes", async () => {
    await published((await cluster.settled()).name);
  });

  it("switches over, and follows", async () => {
    const [candidate] = await cluster.replicas();
    const run = await runJob(["postgres", "switchover", "--to", candidate?.name ?? "", "--yes"], {
      environment,
    });
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    await published(candidate?.name ?? "");
    expect(await cluster.settled()).toBe(candidate);
    const { stdout } = await runJob(["postgres", "status"], { environment });
    expect(stdout).toMatch(new RegExp(`^${candidate?.name} .* leader +running +2 *$`, "m"));
    expect(stdout.match(/quorum standby +streaming +2 +0\.0/g)).toHaveLength(2);
  });

  it("makes a replica anew", async () => {
    const [replica] = await cluster.replicas();
    const run = await runJob(["postgres", "reinit", replica?.name ?? "", "--yes"], { environment });
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    await eventually("an emptied member", 30_000, () => replica?.log.includes("Removing data directory"));
    await cluster.settled();
  });

  it("has a patronictl that reaches members by the addresses that they announce", async () => {
    const [member] = cluster.members;
    const [replica] = await cluster.replicas();
    const said = await member?.patronictl("reload", "trellis", replica?.name ?? "", "--force");
    expect(said).toMatch(new RegExp(`Reload request received for member ${replica?.name}`));
  });

  it("changes Patroni's configuration once", async () => {
    const patroni = patroniOf();
    const wanted = { maximum_lag_on_failover: 33_554_432, postgresql: { parameters: { work_mem: "5MB" } } };
    expect(await patroni.bringConfigurationTo(wanted)).toBe(true);
    // A member answers with what it knew in its last round.
    await eventually(
      "a configuration as wanted",
      30_000,
      async () => !(await patroni.bringConfigurationTo(wanted)),
    );
  });

  it("lets a raised parameter take effect on every member, replicas first", async () => {
    const leader = await cluster.settled();
    const run = await configure(60);

    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    const restarted = restartsIn(run.stderr);
    expect(restarted).toHaveLength(3);
    expect(restarted.at(-1)).toBe(leader.name);
    await cluster.settled();
    for (const each of cluster.members) expect(cluster.psql(each, "SHOW max_connections").trim()).toBe("60");
  });

  it("lets a lowered parameter take effect too, which replicas only take after the leader", async () => {
    const run = await configure(40);

    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    await cluster.settled();
    for (const each of cluster.members) expect(cluster.psql(each, "SHOW max_connections").trim()).toBe("40");
    const { members } = await patroniOf().cluster();
    expect(members.filter(({ pending_restart: pending }) => pending)).toEqual([]);
  });

  it("restarts nothing where nothing waits for it", async () => {
    const run = await configure(40);
    expect(run, run.stderr).toMatchObject({ exitCode: 0 });
    expect(restartsIn(run.stderr)).toEqual([]);
  });

  function configure(connections: number) {
    const file = join(folder, "configuration.json");
    const wanted = { postgresql: { parameters: { max_connections: connections } } };
    writeFileSync(file, JSON.stringify(wanted));
    return runJob(["postgres", "configure", "--restart", "--configuration", file], { environment });
  }

  function patroniOf(): Patroni {
    const {
      PATRONI_URL: url = "",
      PATRONI_CACERT: authority = "",
      PATRONI_PASSWORD: password = "",
    } = environment;
    return new Patroni({ url, authority, user: "patroni", password });
  }

  const restartsIn = (log: string): string[] =>
    [...log.matchAll(/([\w-]+) restarts PostgreSQL/g)].map(([, name]) => name ?? "");
});
