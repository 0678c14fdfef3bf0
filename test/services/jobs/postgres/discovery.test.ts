import { afterAll, beforeAll, expect, it } from "vitest";
import type { EndpointSlice } from "../../../../jobs/postgres/discovery/slice";
import { NAMESPACE, type Sighting } from "../../../rigs/discovery/api-server";
import {
  addressOf,
  DISCOVERY_PROGRAMS,
  type DiscoveryRig,
  MEMBERS,
  SCOPE,
  startDiscoveryRig,
  startWatcher,
} from "../../../rigs/discovery/discovery";
import { runJob } from "../../../rigs/jobs/run-job";
import { PartitionProxy } from "../../../rigs/patroni/partition-proxy";
import { freePort } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

/** More than the interval at which slices are looked at. */
const PATIENCE_MS = 20_000;

describeWith(DISCOVERY_PROGRAMS, "leader discovery, between a real etcd and a real API server", () => {
  let rig: DiscoveryRig;
  let seen: Sighting[] = [];
  let endWatch: () => void;
  const watchers: { stop(): Promise<void> }[] = [];
  const proxies: PartitionProxy[] = [];

  beforeAll(async () => {
    rig = await startDiscoveryRig();
    for (const member of MEMBERS) await rig.patroni.join(member, addressOf(member));
    await rig.patroni.put("config", JSON.stringify({ failsafe_mode: true }));
    endWatch = await rig.kubernetes.watch((sighting) => seen.push(sighting));
    watchers.push(startWatcher(rig), startWatcher(rig));
  });

  afterAll(async () => {
    endWatch?.();
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    await Promise.all(proxies.map((proxy) => proxy.close()));
    await rig?.stop();
  });

  const of = (name: string) => seen.filter(({ slice }) => slice.metadata.name === name);
  const addresses = (slice: EndpointSlice | undefined) =>
    (slice?.endpoints ?? []).flatMap((endpoint) => endpoint.addresses);

  /** The first time that the Service led to exactly these members, at a revision or after it. */
  const published = (service: string, members: readonly string[], revision: number) =>
    eventually(
      `${service} leads to ${members.join(", ") || "nobody"} at ${revision}`,
      PATIENCE_MS,
      () =>
        of(service).find(
          ({ slice }) =>
            addresses(slice).join() === members.map(addressOf).join() &&
            Number(slice.metadata.annotations?.["trellis.dev/dcs-revision"]) >= revision,
        ),
      5,
    );

  const leaders = () =>
    of("postgres-primary").map(({ slice }) =>
      Number(slice.metadata.annotations?.["trellis.dev/dcs-leader-since"]),
    );
  const isOrdered = (numbers: readonly number[]) =>
    numbers.every((number, index) => number >= (numbers[index - 1] ?? 0));

  it("makes both slices where there are none, with a reference to each pod", async () => {
    const revision = await rig.patroni.lead("postgres-0");
    const { slice } = await published("postgres-primary", ["postgres-0"], revision);
    expect(slice).toMatchObject({
      addressType: "IPv4",
      metadata: { labels: { "kubernetes.io/service-name": "postgres-primary" } },
      endpoints: [
        {
          addresses: [addressOf("postgres-0")],
          conditions: { ready: true },
          targetRef: { kind: "Pod", name: "postgres-0", namespace: NAMESPACE },
        },
      ],
      ports: [{ name: "postgres", port: 5432, protocol: "TCP" }],
    });
    await published("postgres-replica", ["postgres-1", "postgres-2"], revision);
  });

  it("follows a leader that flaps, each time in order, half of the times within half a second", async () => {
    const delays: number[] = [];
    for (let round = 0; round < 40; round++) {
      const member = MEMBERS[round % 3] ?? "postgres-0";
      const from = performance.now();
      const revision = await rig.patroni.lead(member);
      delays.push((await published("postgres-primary", [member], revision)).at - from);
    }
    for (let round = 0; round < 200; round++) await rig.patroni.lead(MEMBERS[round % 3] ?? "postgres-0");
    await published("postgres-primary", ["postgres-2"], await rig.patroni.lead("postgres-2"));
    expect(isOrdered(leaders())).toBe(true);
    expect(delays.sort((a, b) => a - b)[20]).toBeLessThan(500);
  });

  it("leads nobody to a leader that has let go of the lock, and on to one that may be cut off from etcd alone", async () => {
    await published("postgres-primary", [], await rig.patroni.release());
    await published("postgres-primary", ["postgres-1"], await rig.patroni.lead("postgres-1"));
    // What etcd shows when a lease runs out: the leader's key and its entry vanish.
    await rig.patroni.forget("members/postgres-1");
    await rig.patroni.release();
    const later = await rig.patroni.join("postgres-2", addressOf("postgres-2"), { state: "stopped" });
    await published("postgres-replica", ["postgres-0"], later);
    expect(addresses(rig.kubernetes.slice("postgres-primary"))).toEqual([addressOf("postgres-1")]);
    await published("postgres-primary", ["postgres-0"], await rig.patroni.lead("postgres-0"));
    for (const member of MEMBERS) await rig.patroni.join(member, addressOf(member));
  });

  it("repairs a slice that somebody edited, and makes one anew that somebody deleted", async () => {
    const revision = await rig.patroni.lead("postgres-2");
    await published("postgres-primary", ["postgres-2"], revision);
    seen = [];
    rig.kubernetes.kubectl(
      ...["-n", NAMESPACE, "patch", "endpointslice", "postgres-primary", "--type=json"],
      ...["-p", '[{"op":"replace","path":"/endpoints","value":[{"addresses":["192.0.2.1"]}]}]'],
    );
    await published("postgres-primary", ["postgres-2"], revision);
    rig.kubernetes.kubectl("-n", NAMESPACE, "delete", "endpointslice", "postgres-replica");
    await published("postgres-replica", ["postgres-0", "postgres-1"], revision);
  });

  it("catches up when all that it missed while it was cut off has been compacted away", async () => {
    const proxy = await PartitionProxy.open({
      host: new URL(rig.etcd.access().endpoints[0] ?? "").hostname,
      port: 2379,
    });
    proxies.push(proxy);
    const alone = startWatcher(rig, { etcd: [`https://127.0.0.1:${proxy.port}`] });
    await Promise.all(watchers.splice(0).map((watcher) => watcher.stop()));
    await published("postgres-primary", ["postgres-0"], await rig.patroni.lead("postgres-0"));
    proxy.part();
    for (let round = 0; round < 20; round++) await rig.patroni.lead(MEMBERS[round % 3] ?? "postgres-0");
    const revision = await rig.patroni.lead("postgres-1");
    rig.etcd.compact(revision);
    proxy.heal();
    await published("postgres-primary", ["postgres-1"], revision);
    await alone.stop();
    watchers.push(startWatcher(rig), startWatcher(rig));
  });

  it("never lets a watcher that was cut off and comes back late undo what the other has published", async () => {
    const { hostname, port } = new URL(rig.kubernetes.access().server);
    const towardsKubernetes = await PartitionProxy.open({ host: hostname, port: Number(port) });
    const towardsEtcd = await PartitionProxy.open({
      host: new URL(rig.etcd.access().endpoints[1] ?? "").hostname,
      port: 2379,
    });
    proxies.push(towardsKubernetes, towardsEtcd);
    const late = startWatcher(rig, {
      etcd: [`https://127.0.0.1:${towardsEtcd.port}`],
      kubernetes: `https://127.0.0.1:${towardsKubernetes.port}`,
    });
    watchers.push(late);
    for (const member of ["postgres-0", "postgres-1"]) {
      await published("postgres-primary", [member], await rig.patroni.lead(member));
    }
    for (const cut of [[towardsKubernetes], [towardsEtcd], [towardsKubernetes, towardsEtcd]]) {
      // What it wants to write on the way is written when nobody wants it any more.
      const between = rig.patroni.lead("postgres-0");
      for (const proxy of cut) proxy.part();
      await between;
      await published("postgres-primary", ["postgres-2"], await rig.patroni.lead("postgres-2"));
      const revision = await rig.patroni.lead("postgres-1");
      await published("postgres-primary", ["postgres-1"], revision);
      for (const proxy of cut) proxy.heal();
      await published("postgres-primary", ["postgres-2"], await rig.patroni.lead("postgres-2"));
    }
    expect(isOrdered(leaders())).toBe(true);
  });

  it("goes on at another member when the one that it watched is killed", async () => {
    for (const index of [0, 1, 2]) {
      await rig.etcd.killMember(index);
      const member = MEMBERS[index] ?? "postgres-0";
      const revision = await rig.patroni.lead(member);
      await published("postgres-primary", [member], revision);
      rig.etcd.startMember(index);
      await eventually("three members", PATIENCE_MS, () => rig.etcd.ctl("endpoint", "health") !== undefined);
    }
  });

  it("tells the kubelet and Prometheus how it is, and ends cleanly when it is stopped", async () => {
    const answers: string[] = [];
    const port = await freePort();
    const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const { endpoints, authority, certificate, key, password } = rig.etcd.access();
    const { server, serviceAccount } = rig.kubernetes.access();
    const run = runJob(["postgres", "discover"], {
      environment: {
        PATRONI_SCOPE: SCOPE,
        ETCD_ENDPOINTS: endpoints.join(),
        ETCD_CACERT: authority,
        ETCD_CERT: certificate,
        ETCD_KEY: key,
        ETCD_PASSWORD: password,
        KUBERNETES_API: server,
        SERVICE_ACCOUNT_FOLDER: serviceAccount,
        NAMESPACE,
        DISCOVERY_HOST: "127.0.0.1",
        DISCOVERY_PORT: String(port),
      },
      onStart: async (process) => {
        await eventually("a ready watcher", PATIENCE_MS, async () => (await ask("/readyz")).ok);
        answers.push(await (await ask("/healthz")).text(), await (await ask("/metrics")).text());
        process.kill("SIGTERM");
      },
    });
    expect(await run).toMatchObject({ exitCode: 0, termination: { code: 0 } });
    expect(answers[0]).toBe("ok\n");
    expect(answers[1]).toMatch(/^trellis_discovery_endpoints\{service="primary"\} 1$/m);
  });

  it("goes on when the API server comes back", async () => {
    await rig.kubernetes.killServer();
    const revision = await rig.patroni.lead("postgres-1");
    await rig.kubernetes.startServer();
    endWatch();
    endWatch = await rig.kubernetes.watch((sighting) => seen.push(sighting));
    await published("postgres-primary", ["postgres-1"], revision);
    expect(addresses(rig.kubernetes.slice("postgres-primary"))).toEqual([addressOf("postgres-1")]);
  });
});
