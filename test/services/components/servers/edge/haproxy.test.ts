import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { haproxyConfig } from "../../../../../components/servers/edge";
import { NODE_PORTS, SERVER_PORTS } from "../../../../../components/shared/address-plan";
import {
  haproxyFolder,
  openSession,
  type Recovery,
  type RunningHaproxy,
  type Session,
  startHaproxy,
  watchRecovery,
} from "../../../../rigs/edge/haproxy";
import { type StandInMembers, startStandInMembers } from "../../../../rigs/patroni/rest";
import { createAuthority } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** A range of this file's own, so that the production addresses stay free for others. */
const SERVERS = [11, 12, 13].map((host) => ({
  name: `ubuntu-8gb-hil-${host - 10}`,
  address: `127.33.0.${host}`,
}));
const [HERE, NEXT] = SERVERS.map(({ address }) => address) as [string, string, string]; // three were made above

/** Generous: the figures are the benchmark's business, and machines are busy. */
const SOON = 20;

describeWith(["haproxy", "openssl"], "HAProxy before three Patroni members", () => {
  const authority = createAuthority("patroni stand-ins");
  const certificate = authority.issue({
    commonName: "patroni",
    addresses: SERVERS.map(({ address }) => address),
    usages: ["server"],
  });
  const folder = haproxyFolder({ "patroni-ca.pem": authority.cert });
  const [server] = SERVERS;
  if (!server) throw new Error("three were made above");
  const configuration = haproxyConfig({
    server: { ...server, memoryGb: 1 },
    servers: SERVERS,
    apiServers: SERVERS,
    postgres: { members: 3, certificateAuthority: authority.cert },
    bind: { front: HERE },
    configurationDirectory: folder.path,
    runtimeDirectory: folder.path,
  });
  let members: StandInMembers;
  let haproxy: RunningHaproxy;
  const open: Session[] = [];

  const startMembers = (addresses: readonly string[]) =>
    startStandInMembers({
      count: 3,
      addresses,
      certificate,
      ports: { postgres: NODE_PORTS.postgres, rest: NODE_PORTS.patroniRest },
    });

  async function session(port: number): Promise<Session> {
    const opened = await openSession(HERE, port);
    if (!opened) throw new Error(`no session on ${port}; HAProxy says:\n${haproxy.log()}`);
    open.push(opened);
    return opened;
  }

  const leaderIs = (name: string) =>
    watchRecovery(HERE, SERVER_PORTS.postgresLeader, (member) => member === name);

  function tell(what: string, { seconds, reached }: Recovery): number {
    const shown = Object.entries(reached).map(([member, sessions]) => `${sessions} at ${member}`);
    console.log(`${what}: right again after ${seconds?.toFixed(2)} s (sessions: ${shown.join(", ")})`);
    return seconds ?? Number.POSITIVE_INFINITY;
  }

  beforeAll(async () => {
    members = await startMembers([HERE, NEXT]);
    members.lead(0);
    haproxy = await startHaproxy(folder.path, configuration);
  });

  beforeEach(async () => {
    for (const each of open.splice(0)) each.close();
    await members.stop();
    members = await startMembers([HERE, NEXT]);
    members.lead(0);
    await leaderIs("postgres-0");
    await eventually("both replicas serve readers", 30_000, async () => {
      const status = await haproxy.ask("show servers state postgres-replicas");
      // The sixth column is the operational state: 2 is running. Servers of the near path are the first three.
      const states = status.split("\n").filter((line) => line.includes(`by-${server.name}`));
      return states.map((line) => line.split(" ")[5]).join("") === "022";
    });
  });

  afterAll(async () => {
    await haproxy?.stop();
    await members?.stop();
    folder.remove();
  });

  it("follows a switchover, and cuts the sessions with the demoted leader", async () => {
    const atOldLeader = await session(SERVER_PORTS.postgresLeader);
    expect(atOldLeader.member).toBe("postgres-0");

    const changed = performance.now();
    members.lead(1);

    expect(tell("switchover", await leaderIs("postgres-1"))).toBeLessThan(SOON);
    const cut = ((await atOldLeader.ended) - changed) / 1000;
    console.log(`switchover: the session with the demoted leader was cut after ${cut.toFixed(2)} s`);
    expect(cut).toBeLessThan(SOON);
  });

  it("follows a failover after the leader's death", async () => {
    await members.member(0).kill();
    members.lead(2);

    expect(tell("leader killed", await leaderIs("postgres-2"))).toBeLessThan(SOON);
  });

  it("leaves a frozen leader before Patroni lets another lead, and its sessions are cut", async () => {
    const atFrozen = await session(SERVER_PORTS.postgresLeader);
    const frozen = performance.now();
    members.member(0).freeze();

    const cut = ((await atFrozen.ended) - frozen) / 1000;
    console.log(`frozen leader: its sessions were cut after ${cut.toFixed(2)} s`);
    expect(cut).toBeLessThan(2 * SOON);

    members.lead(1);
    expect(tell("frozen leader, after the election", await leaderIs("postgres-1"))).toBeLessThan(SOON);
  });

  it("never has sessions with two leaders, through ten changes", async () => {
    for (let change = 1; change <= 10; change += 1) {
      const before = await session(SERVER_PORTS.postgresLeader);
      const next = change % 3;
      members.lead(next);
      await leaderIs(`postgres-${next}`);
      await eventually(`the session with ${before.member} is cut`, 30_000, () => !before.isOpen());
      const elsewhere = members.all.filter((_, ordinal) => ordinal !== next);
      await eventually("all sessions are with the leader", 30_000, () =>
        elsewhere.every(({ sessions }) => sessions === 0),
      );
    }
  });

  it("lets nobody in while two members claim to lead", async () => {
    members.member(1).role = "leader";
    await eventually(
      "HAProxy has seen both",
      30_000,
      async () => (await openSession(HERE, SERVER_PORTS.postgresLeader)) === undefined,
    );

    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await openSession(HERE, SERVER_PORTS.postgresLeader)).toBeUndefined();
    }
    members.member(0).role = "replica";
    expect(tell("second claim withdrawn", await leaderIs("postgres-1"))).toBeLessThan(SOON);
  });

  it("ends sessions at once while nobody leads, and lets them in when somebody does", async () => {
    members.lead(undefined);
    await eventually(
      "nobody leads",
      30_000,
      async () => (await openSession(HERE, SERVER_PORTS.postgresLeader)) === undefined,
    );

    members.lead(2);
    expect(tell("leader after none", await leaderIs("postgres-2"))).toBeLessThan(SOON);
  });

  it("sends no early session to a replica after its own start", async () => {
    await haproxy.stop();
    haproxy = await startHaproxy(folder.path, configuration);

    const early = await Promise.all(Array.from({ length: 30 }, () => session(SERVER_PORTS.postgresLeader)));

    expect(new Set(early.map(({ member }) => member))).toEqual(new Set(["postgres-0"]));
  });

  it("takes the next server's NodePorts when its own do not answer", async () => {
    await members.stop();
    members = await startMembers([NEXT]);
    members.lead(1);

    expect(tell("near NodePorts gone", await leaderIs("postgres-1"))).toBeLessThan(2 * SOON);
  });

  it("gives readers to replicas that keep up, and to the leader when there are none", async () => {
    const readers = await Promise.all(
      Array.from({ length: 10 }, () => session(SERVER_PORTS.postgresReplicas)),
    );
    expect(new Set(readers.map(({ member }) => member))).toEqual(new Set(["postgres-1", "postgres-2"]));

    members.member(1).lag = 17;
    await watchRecovery(HERE, SERVER_PORTS.postgresReplicas, (member) => member === "postgres-2");
    members.member(2).lag = 1000;
    const atLeader = await watchRecovery(
      HERE,
      SERVER_PORTS.postgresReplicas,
      (member) => member === "postgres-0",
    );
    expect(tell("all replicas lag", atLeader)).toBeLessThan(SOON);

    expect(readers.every((reader) => reader.isOpen())).toBe(true);
  });
});
