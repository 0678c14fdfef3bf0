import { afterAll, beforeAll, expect, it } from "vitest";
import { ETCD_PROGRAMS, EtcdCluster } from "../../../../rigs/etcd/cluster";
import { type StandInStore, startSnapshotStore } from "../../../../rigs/etcd/snapshot-store";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const LIMIT_MS = 120_000;

describeWith(ETCD_PROGRAMS, "snapshots of etcd", () => {
  let store: StandInStore;
  let etcd: EtcdCluster;

  const stored = () => [...store.objects.keys()].sort();
  const keysOf = async (prefix: string) =>
    (await etcd.root("get", "--prefix", "--keys-only", prefix)).stdout.split("\n").filter(Boolean);
  const everything = async () => (await etcd.root("get", "--prefix", "")).stdout;
  const leader = async () => {
    const statuses: { Status: { leader: number; header: { member_id: number } } }[] = JSON.parse(
      (await etcd.root("endpoint", "status", "-w", "json")).stdout,
    );
    const index = statuses.findIndex(({ Status }) => Status.leader === Status.header.member_id);
    if (index < 0) throw new Error("there is no leader");
    return index;
  };

  beforeAll(async () => {
    store = await startSnapshotStore();
    etcd = await EtcdCluster.start({ store });
    for (let index = 0; index < 30; index++) {
      await etcd.root("put", `/registry/configmaps/default/${index}`, `value ${index}`);
      await etcd.root("put", `/service/main/${index}`, `value ${index}`);
    }
  });
  afterAll(async () => {
    await etcd?.stop();
    await store?.stop();
  });

  it("are taken by the leader alone when one is due, and off the cluster they cannot be read", async () => {
    const outcomes = await Promise.all(etcd.machines.map((machine) => machine.tool("snapshot", "--due")));
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    for (const machine of etcd.machines) await machine.tool("snapshot", "--due");

    expect(stored()).toHaveLength(1);
    const [first = ""] = stored();
    expect(first).toMatch(/^test\/etcd\/etcd-test-\d{8}T\d{6}Z-r\d+-ubuntu-8gb-[a-z]+-\d\.db\.zst\.age$/);
    expect(store.objects.get(first)?.toString("latin1")).toMatch(/^age-encryption\.org\/v1\n/);
    expect(store.objects.get(first)?.includes("configmaps")).toBe(false);
  });

  it("fall to a follower only where the leader has missed its turn by half an hour", async () => {
    const follower = etcd.machines[(await leader()) === 0 ? 1 : 0];
    const leading = etcd.machines[await leader()];
    const age = (hours: number) => {
      const [any = Buffer.of()] = store.objects.values();
      store.objects.clear();
      const stamp = new Date(Date.now() - hours * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, "");
      store.objects.set(`test/etcd/etcd-test-${stamp}-r1-ubuntu-8gb-hil-1.db.zst.age`, any);
    };

    age(6.2);
    expect(await follower.tool("snapshot", "--due")).toMatchObject({ code: 0 });
    expect(stored()).toHaveLength(1);
    expect(await leading?.tool("snapshot", "--due")).toMatchObject({ code: 0 });
    expect(stored()).toHaveLength(2);
    age(6.6);
    expect(await follower.tool("snapshot", "--due")).toMatchObject({ code: 0 });
    expect(stored()).toHaveLength(2);
  });

  it("go from the store when the settings' days have passed, but for the three newest", async () => {
    store.objects.clear();
    for (const day of ["01", "02", "03", "04", "05"]) {
      store.objects.set(`test/etcd/etcd-test-202601${day}T000000Z-r1-x.db.zst.age`, Buffer.of());
    }
    expect(await etcd.machines[0].tool("snapshot")).toMatchObject({ code: 0 });

    expect(stored().slice(0, -1)).toEqual([
      "test/etcd/etcd-test-20260104T000000Z-r1-x.db.zst.age",
      "test/etcd/etcd-test-20260105T000000Z-r1-x.db.zst.age",
    ]);
  });

  it("say so when the store does not take them, and tell Prometheus how old the newest is", async () => {
    store.broken = true;
    const { code, stderr } = await etcd.machines[0].tool("snapshot");
    store.broken = false;

    expect(code).toBe(1);
    expect(stderr).toContain("the store did not take");
    expect(etcd.machines[0].file("var/lib/trellis/metrics/etcd.prom")).toMatch(
      /^trellis_etcd_snapshot_timestamp_seconds \d{10}$/m,
    );
  });

  it("bring back every key on every member, and none that came later", async () => {
    const before = await everything();
    expect(await etcd.machines[0].tool("snapshot")).toMatchObject({ code: 0 });
    const latest = (await etcd.machines[1].tool("snapshots")).stdout.trim().split("\n").at(-1) ?? "";
    await etcd.root("put", "/service/main/later", "lost");
    await etcd.root("del", "--prefix", "/registry/");

    expect((await etcd.machines[0].tool("restore", "latest", "--all", "--yes")).stderr).toContain(
      "the other members run as a cluster",
    );
    await Promise.all(etcd.machines.map((machine) => machine.systemctl("stop", "etcd.service")));
    const outcomes = await Promise.all([
      etcd.machines[0].tool("restore", "latest", "--all", "--yes"),
      etcd.machines[1].tool("restore", latest, "--all", "--yes"),
      etcd.machines[2].tool("restore", latest, "--all", "--yes"),
    ]);
    expect(outcomes.map(({ code, stderr }) => (code === 0 ? "restored" : stderr))).toEqual(
      etcd.machines.map(() => "restored"),
    );
    await etcd.settled();

    expect(await everything()).toBe(before);
    expect((await etcd.k3s("get", "/service/main/1")).stderr).toContain("permission denied");
  });

  it("make every client that watches read anew after they were restored", async () => {
    const watch = await etcd.k3s("watch", "--rev", "2", "/registry/configmaps/default/1");

    expect(watch.stderr).toContain("compacted");
  });

  it("restore most of the members, and the last one joins them with a wiped disk", async () => {
    const before = await everything();
    expect(await etcd.machines[0].tool("snapshot")).toMatchObject({ code: 0 });
    const name = (await etcd.machines[0].tool("snapshots")).stdout.trim().split("\n").at(-1) ?? "";
    await Promise.all(etcd.machines.map((machine) => machine.powerOff()));
    etcd.machines[2].loseDisk();
    await Promise.all([etcd.machines[0].powerOn(), etcd.machines[1].powerOn()]);
    await Promise.all([0, 1].map((index) => etcd.machines[index]?.systemctl("stop", "etcd.service")));
    const outcomes = await Promise.all([
      etcd.machines[0].tool("restore", name, "--all", "--yes"),
      etcd.machines[1].tool("restore", name, "--all", "--yes"),
    ]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
    await etcd.machines[2].powerOn();
    await etcd.settled();

    expect(await everything()).toBe(before);
    expect(await keysOf("/registry/")).toHaveLength(30);
  });

  it("refuse to be restored when they were changed on their way", async () => {
    const [name = ""] = stored().slice(-1);
    const sound = store.objects.get(name) ?? Buffer.of();
    const changed = Buffer.from(sound);
    changed.writeUInt8(changed.readUInt8(changed.length - 1) ^ 1, changed.length - 1);
    store.objects.set(name, changed);
    await Promise.all(etcd.machines.map((machine) => machine.systemctl("stop", "etcd.service")));
    const short = name.split("/").at(-1) ?? "";
    const { code, stderr } = await etcd.machines[2].tool("restore", short, "--all", "--yes");

    expect(code).toBe(1);
    expect(stderr).toContain("cannot read the snapshot");
    store.objects.set(name, sound);
    await Promise.all(etcd.machines.map((machine) => machine.systemctl("start", "etcd.service")));
    await eventually("health", LIMIT_MS, async () => (await etcd.root("endpoint", "health")).code === 0);
    expect(await keysOf("/registry/")).toHaveLength(30);
  });

  it("aside: space that was freed comes back by defragmentation, member by member, the leader last", async () => {
    const leading = `https://127.0.0.1${(await leader()) + 1}:2379`;
    const { code, stderr } = await etcd.machines[0].tool("defragment", "--force");

    const turns = stderr.match(/defragmenting (\S+)/g) ?? [];
    expect(code).toBe(0);
    expect(turns).toHaveLength(3);
    expect(turns.at(-1)).toBe(`defragmenting ${leading}`);
    const follower = etcd.machines[(await leader()) === 0 ? 1 : 0];
    expect(await follower.tool("defragment", "--leader", "--force")).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});
