import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { BOOT_PROGRAMS, DataCenter } from "../../../../rigs/boot/data-center";
import {
  allUnits,
  etcdStatus,
  filesWith,
  fingerprint,
  reachesMetadata,
  secretsOf,
  unitsOf,
} from "../../../../rigs/boot/health";
import type { Server } from "../../../../rigs/boot/server";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** At how many moments of a first boot the power is lost; with TRELLIS_POWER_LOSSES more, and the longer troubles too. */
const POWER_LOSSES = Number(process.env.TRELLIS_POWER_LOSSES ?? 1);
const LONGER_TOO = process.env.TRELLIS_POWER_LOSSES !== undefined;
const SEED = Number(process.env.TRELLIS_SEED ?? 24);

const ONE_SERVER = {
  servers: [{ location: "fsn1", types: ["cx33"], numbers: [1] }],
  edge: { kind: "dns" },
};
const UNITS = unitsOf({ etcd: true, floatingIp: false });

describeWith(BOOT_PROGRAMS, "a first boot that meets trouble ends like one that does not", () => {
  let center: DataCenter;
  let server: Server;
  let undisturbed: string;
  let usualSeconds: number;

  beforeAll(async () => {
    center = await DataCenter.open(ONE_SERVER);
    server = center.server(0);
    await server.powerOn();
    usualSeconds = await allUnits(server, UNITS);
    undisturbed = await fingerprint(server);
    expect(undisturbed).toContain("etc/rancher/k3s/config.yaml 600 root:root");
  });
  afterAll(() => center?.close());

  /** Each trouble meets a server that was just created. */
  beforeEach(async () => {
    await server.losePower();
    server.recreate();
  });

  const endsAsUsual = async (trouble: string) => {
    const seconds = await allUnits(server, UNITS);
    console.log(`${trouble}: ${seconds.toFixed(1)} s from the last power on to all units`);
    expect(await fingerprint(server)).toBe(undisturbed);
    expect(await etcdStatus(server)).toEqual({ healthy: 1, authentication: true });
    expect(await filesWith(server, secretsOf(center.facts), "nobody")).toEqual([]);
    expect(await reachesMetadata(server, "nobody")).toEqual(["", ""]);
  };
  const seen = (service: string, from = 0) =>
    center.outside.requests.slice(from).filter((request) => request.service === service);

  it("when the power is lost while dpkg installs packages", async () => {
    await server.powerOn();
    await eventually("dpkg is at work", 120_000, () => isInstalling(server), 5);
    await server.losePower();
    await server.powerOn();
    await endsAsUsual("power lost during dpkg");
  });

  it.each(moments())("when the power is lost at %s percent of it", async (percent) => {
    await server.powerOn();
    await new Promise((passed) => setTimeout(passed, usualSeconds * 10 * percent));
    await server.losePower();
    await server.powerOn();
    await endsAsUsual(`power lost at ${percent}%`);
  });

  it("when the package mirror answers 503 at first", async () => {
    const before = center.outside.requests.length;
    center.outside.fail("packages", "503");
    await server.powerOn();
    await eventually("the mirror has refused", 120_000, () =>
      seen("packages", before).some(({ status }) => status === 503),
    );
    center.outside.fail("packages", undefined);
    await endsAsUsual("package mirror 503");
  });

  it("when downloads are cut off at first", async () => {
    const before = center.outside.requests.length;
    center.outside.fail("downloads", "cut off");
    await server.powerOn();
    await eventually("a download was cut off", 120_000, () => seen("downloads", before).length > 0);
    center.outside.fail("downloads", undefined);
    await endsAsUsual("downloads cut off");
  });

  it("when the private address comes after all else has started", async () => {
    await server.powerOn({ withPrivateAddress: false });
    await eventually("the first boot has ended", 180_000, () => server.read("/var/lib/trellis/ready"));
    server.addPrivateAddress();
    await endsAsUsual("private address late");
  });

  if (LONGER_TOO) {
    it("when no name can be resolved at first", async () => {
      const hosts = server.pathOf("/etc/hosts");
      const names = readFileSync(hosts, "utf8");
      writeFileSync(hosts, names.split("\n").slice(0, 3).join("\n"));
      await server.powerOn();
      await eventually("it says that it cannot resolve the mirror", 120_000, async () =>
        /resolve.*packages[.]test|packages[.]test.*resol/i.test(await bootLog(server)),
      );
      writeFileSync(hosts, names);
      await endsAsUsual("DNS dead");
    });

    it("when its disk is full at first, and then says so", async () => {
      await server.powerOn();
      await eventually("it is at work", 120_000, async () =>
        (await bootLog(server)).includes("trellis: packages"),
      );
      // A file system of its own, for the whole disk belongs to this machine.
      await server.run(
        "mkdir -p /var/lib/trellis/downloads && mount -t tmpfs -o size=1M full /var/lib/trellis/downloads",
      );
      await eventually("it has no space left", 120_000, async () =>
        /No space left|Failure writing output/i.test(await bootLog(server)),
      );
      await server.run("umount --lazy /var/lib/trellis/downloads");
      await endsAsUsual("disk full");
    });

    it("when downloads have a wrong digest at first, and none of them is installed", async () => {
      const before = center.outside.requests.length;
      center.outside.fail("downloads", "other content");
      await server.powerOn();
      await eventually("a second attempt", 180_000, () => seen("downloads", before).length > 1);
      expect(server.read("/usr/local/bin/etcd")).toBeUndefined();
      center.outside.fail("downloads", undefined);
      await endsAsUsual("wrong digest");
    });

    it("when Hetzner's API, its metadata and the bucket do not answer", async () => {
      for (const service of ["hetzner", "metadata", "bucket"] as const) center.outside.fail(service, "503");
      await server.powerOn();
      await endsAsUsual("API, metadata and bucket 503");
      for (const service of ["hetzner", "metadata", "bucket"] as const)
        center.outside.fail(service, undefined);
    });
  }
});

/** What the first boot has said so far; nothing where systemd has not started yet. */
function bootLog(server: Server): Promise<string> {
  return server.run("journalctl --unit trellis-first-boot --output cat --no-pager").catch(() => "");
}

/** dpkg notes what it does in this folder for as long as it works. */
function isInstalling(server: Server): boolean {
  return readdirSync(server.pathOf("/var/lib/dpkg/updates")).length > 0;
}

/** Moments spread over a first boot, the same for the same seed. */
function moments(): number[] {
  let state = SEED;
  return Array.from({ length: POWER_LOSSES }, (_, index) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.round(((index + state / 2 ** 31) / POWER_LOSSES) * 100);
  });
}
