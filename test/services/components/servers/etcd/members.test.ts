import { afterAll, beforeAll, expect, it } from "vitest";
import { ETCD_PROGRAMS, EtcdCluster } from "../../../../rigs/etcd/cluster";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const LIMIT_MS = 120_000;

describeWith(ETCD_PROGRAMS, "members of etcd that fail and come back", () => {
  let etcd: EtcdCluster;

  const write = async (count: number, generation: string) => {
    for (let index = 0; index < count; index++) {
      expect((await etcd.root("put", `/service/main/${generation}/${index}`, generation)).stdout.trim()).toBe(
        "OK",
      );
    }
  };
  const countOf = async (generation: string) => {
    const { stdout } = await etcd.root("get", "--prefix", "--keys-only", `/service/main/${generation}/`);
    return stdout.split("\n").filter(Boolean).length;
  };
  const idOf = async (name: string) =>
    (await etcd.root("member", "list")).stdout
      .split("\n")
      .find((line) => line.includes(name))
      ?.split(",")[0];

  beforeAll(async () => {
    etcd = await EtcdCluster.start();
  });
  afterAll(() => etcd?.stop());

  it("lose nothing when one of them is killed, and go on writing", async () => {
    await write(50, "before");
    await etcd.machines[2].powerOff();
    await eventually(
      "a quorum of two",
      LIMIT_MS,
      async () => (await etcd.root("put", "/service/probe", "")).code === 0,
    );
    await write(50, "meanwhile");

    expect([await countOf("before"), await countOf("meanwhile")]).toEqual([50, 50]);
  });

  it("come back with their data and under their own identity", async () => {
    const before = await idOf("ubuntu-8gb-ash-1");
    await etcd.machines[2].powerOn();
    await etcd.settled();

    expect(await idOf("ubuntu-8gb-ash-1")).toBe(before);
    expect(etcd.machines[2].file("run/etcd/etcd.yaml")).toContain("initial-cluster-state: existing");
  });

  it("rejoin with a wiped disk, as a new self in place of the old one", async () => {
    const before = await idOf("ubuntu-8gb-hil-2");
    await etcd.machines[1].powerOff();
    etcd.machines[1].loseDisk();
    await etcd.machines[1].powerOn();
    await etcd.settled();

    expect(await idOf("ubuntu-8gb-hil-2")).not.toBe(before);
    expect((await etcd.root("member", "list")).stdout.trim().split("\n")).toHaveLength(3);
    // Only the new self can make the quorum now.
    await etcd.machines[0].powerOff();
    await eventually(
      "the wiped member's vote",
      LIMIT_MS,
      async () => (await etcd.root("get", "probe")).code === 0,
    );
    expect([await countOf("before"), await countOf("meanwhile")]).toEqual([50, 50]);
    await etcd.machines[0].powerOn();
    await etcd.settled();
  });

  it("rejoin although an earlier attempt was cut between its steps", async () => {
    const [, machine] = etcd.machines;
    await machine.powerOff();
    machine.loseData();
    const old = (await idOf("ubuntu-8gb-hil-2")) ?? "";
    await eventually(
      "the old self gone",
      LIMIT_MS,
      async () => (await etcd.root("member", "remove", old)).code === 0,
    );
    await eventually(
      "an entry for a member that has not started",
      LIMIT_MS,
      async () =>
        (await etcd.root("member", "add", "ubuntu-8gb-hil-2", "--peer-urls=https://127.0.0.12:2380")).code ===
        0,
    );
    await machine.powerOn();
    await etcd.settled();

    expect((await etcd.root("member", "list")).stdout.trim().split("\n")).toHaveLength(3);
  });

  it("never found a second cluster: wiped, and without a quorum of the others, a member waits for them", async () => {
    const [first, second, third] = etcd.machines;
    await Promise.all([first.powerOff(), second.powerOff(), third.powerOff()]);
    third.loseData();
    await third.powerOn();
    await eventually("its reason to wait", LIMIT_MS, async () =>
      third.log.includes("and no other member answers"),
    );
    await second.powerOn();
    await eventually("that it asks the other", LIMIT_MS, async () =>
      third.log.includes("the cluster has no quorum"),
    );

    expect(await countOf("before").catch(() => 0)).toBe(0);
    await first.powerOn();
    await etcd.settled();
    expect([await countOf("before"), await countOf("meanwhile")]).toEqual([50, 50]);
  });

  it("never found a cluster on a machine that replaces another, even if it is the only one that answers", async () => {
    await Promise.all(etcd.machines.map((machine) => machine.powerOff()));
    const replacement = await etcd.replace(0);
    await replacement.powerOn();
    await eventually("its reason to wait", LIMIT_MS, async () =>
      replacement.log.includes("and no other member answers"),
    );
    await Promise.all([etcd.machines[1].powerOn(), etcd.machines[2].powerOn()]);
    await etcd.settled();

    expect([await countOf("before"), await countOf("meanwhile")]).toEqual([50, 50]);
  });

  it("never found a cluster on a machine made anew, which passes for a first one, while another is away", async () => {
    const [first, second, third] = etcd.machines;
    await Promise.all([first.powerOff(), second.powerOff(), third.powerOff()]);
    third.loseDisk();
    await third.powerOn();
    await eventually("its reason to wait", LIMIT_MS, async () =>
      third.log.includes("this member has no data and founds a cluster only together with all others"),
    );
    expect(third.has("run/etcd/etcd.yaml")).toBe(false);

    await second.powerOn();
    await eventually("that it asks the other", LIMIT_MS, async () =>
      third.log.includes("the cluster has no quorum"),
    );
    expect(third.has("run/etcd/etcd.yaml")).toBe(false);
    await first.powerOn();
    await etcd.settled();
    expect([await countOf("before"), await countOf("meanwhile")]).toEqual([50, 50]);
  });

  it("fetch their data anew when a person asks for it, and put the old aside", async () => {
    const { code, stderr } = await etcd.machines[0].tool("restore", "--member", "--yes");

    expect(stderr).toContain("this member is back");
    expect(code).toBe(0);
    await etcd.settled();
    expect(await countOf("before")).toBe(50);
    expect((await etcd.machines[0].tool("ctl", "member", "list")).stdout.trim().split("\n")).toHaveLength(3);
  });

  it("found a new, empty cluster only when a person gives up the old one", async () => {
    expect((await etcd.machines[0].tool("found", "--yes")).stderr).toContain("another member still runs");

    await Promise.all(etcd.machines.map((machine) => machine.systemctl("stop", "etcd.service")));
    for (const machine of etcd.machines) expect((await machine.tool("found", "--yes")).code).toBe(0);
    await etcd.settled();
    expect(await countOf("before")).toBe(0);
  });
});
