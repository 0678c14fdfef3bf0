import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Operator } from "../../../../rigs/boot/apply";
import { BOOT_PROGRAMS, DataCenter } from "../../../../rigs/boot/data-center";
import { allOf, withLaterEtcd, withText } from "../../../../rigs/boot/edits";
import {
  allUnits,
  etcdStatus,
  filesWith,
  fingerprint,
  floatingIpHolders,
  secretsOf,
  unitsOf,
  watchArguments,
} from "../../../../rigs/boot/health";
import { FULL } from "../../../../rigs/counts";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** The longer cases, which CI has no time for. */
const LONGER_TOO = process.env.TRELLIS_POWER_LOSSES !== undefined;
/** How long the first of three new servers waits for the others: 3600 for the hour that people may take. */
const SECONDS_APART = Number(process.env.TRELLIS_SECONDS_APART ?? 30);

const HAPROXY = "/etc/haproxy/haproxy.cfg";

describeWith(
  [...BOOT_PROGRAMS, "ssh"],
  "three servers and an agent, booted together from their user data",
  () => {
    let center: DataCenter;
    let operator: Operator;
    /** The user data that each server shall have. */
    let wanted: string[];

    const units = (index: number) => {
      const core = center.nodes[index]?.roles.includes("etcd") ?? false;
      return unitsOf({ etcd: core, floatingIp: core });
    };
    const allOfThem = () =>
      Promise.all(center.servers.map((server, index) => allUnits(server, units(index))));
    const figures = (what: string, seconds: readonly number[]) =>
      console.log(
        `${what}: ${seconds.map((each) => each.toFixed(1)).join(", ")} s from power on to all units`,
      );

    beforeAll(async () => {
      center = await DataCenter.open();
      await Promise.all(center.servers.map((server) => server.powerOn()));
      figures("first boot of three servers and an agent", await allOfThem());
      operator = new Operator(center);
      operator.meet();
      wanted = center.servers.map((_, index) => center.userDataWith(index, (parts) => parts));
    });
    afterAll(async () => {
      operator?.close();
      await center?.close();
    });

    const isAsPromised = async () => {
      for (const server of center.servers.slice(0, 3)) {
        // Two of three serve already while the last one catches up.
        const status = await eventually("all members of etcd are healthy", 60_000, async () => {
          const found = await etcdStatus(server);
          return found.healthy === 3 && found;
        });
        expect(status).toEqual({ healthy: 3, authentication: true });
      }
      const [holder] = await eventually("exactly one server holds the floating IP", 60_000, oneHolder);
      await eventually("Hetzner routes the floating IP to its holder", 60_000, async () => {
        const url = `https://api.hetzner.cloud/v1/floating_ips/${center.facts.floatingIpId}`;
        const { floating_ip: ip } = JSON.parse(await center.server(0).run(`curl --silent ${url}`));
        return ip.server === 1001 + center.servers.findIndex(({ name }) => name === holder);
      });
    };
    const oneHolder = async () => {
      const holders = await floatingIpHolders(center.servers.slice(0, 3));
      return holders.length === 1 && holders;
    };

    it("has an etcd of three with authentication on, and one server holds the floating IP", () =>
      isAsPromised());

    it("gives the agent neither etcd nor the Hetzner token", async () => {
      const agent = center.server(3);
      expect(await agent.run("systemctl list-unit-files --no-legend 'etcd*' 'keepalived*' || :")).toBe("");
      expect(
        await agent.run(
          `grep --recursive --files-with-matches ${center.facts.hcloudToken} /etc /var /usr/local || :`,
        ),
      ).toBe("");
    });

    if (FULL) {
      it("puts a broken haproxy.cfg back on the first server that gets it, and leaves the others alone", async () => {
        const before = await Promise.all(center.servers.map(fingerprint));
        const broken = center.servers.map((_, index) =>
          center.userDataWith(index, withText(HAPROXY, "global\n", "globule\n")),
        );
        const { status, complaint } = await operator.apply(broken, "--yes");
        expect(complaint).toContain(
          `${center.server(3).name}: the change failed, its former files are back, and it is healthy`,
        );
        expect(complaint).toContain("globule");
        expect(status).toBe(1);
        expect(await Promise.all(center.servers.map(fingerprint))).toEqual(before);
        await allOfThem();
      });

      it("sends no keys to a server whose host key is not known", async () => {
        operator.forget();
        const { status, complaint } = await operator.apply(wanted, "--dry-run");
        operator.meet();
        expect(complaint).toContain("its host key must be known");
        expect(status).toBe(1);
      });

      it("gets a changed haproxy.cfg, a setting and a patch release of etcd in place, also after a loss of power amid that", async () => {
        center.publishLaterEtcd();
        const edits = [withText(HAPROXY, "defaults\n", "defaults\n  timeout tarpit 7s\n")];
        const ofMembers = [
          ...edits,
          withLaterEtcd,
          withText("/etc/etcd/etcd.yaml", "log-level: info", "log-level: warn"),
        ];
        wanted = center.nodes.map(({ roles }, index) =>
          center.userDataWith(index, allOf(...(roles.includes("etcd") ? ofMembers : edits))),
        );
        const agent = center.server(3);
        const first = operator.start(wanted, "--yes");
        await eventually(
          "the agent has kept its former files",
          60_000,
          () => agent.read("/var/lib/trellis/apply/kept") !== undefined,
          5,
        );
        await agent.losePower();
        first.child.kill();
        await first.ended;
        await agent.powerOn();
        await allOfThem();

        const boots = await bootIds();
        const sessions = await mainPids("haproxy");
        const seen = watchArguments(center.server(1), secretsOf(center.facts));
        const asked = askEtcd();
        const { status, complaint } = await operator.apply(wanted, "--yes");
        const { answers, longestGapMs } = await asked();
        expect({ status, complaint }).toMatchObject({
          status: 0,
          complaint: expect.stringContaining("an earlier run was interrupted"),
        });
        console.log(complaint);
        console.log(
          `apply: etcd answered ${answers} times, with ${longestGapMs} ms between two answers at most`,
        );
        expect(longestGapMs).toBeLessThan(15_000);
        expect(seen()).toEqual([]);

        await allOfThem();
        await isAsPromised();
        expect(await bootIds()).toEqual(boots);
        // A reload, not a restart: sessions go on.
        expect(await mainPids("haproxy")).toEqual(sessions);
        for (const [index, server] of center.servers.entries()) {
          expect(server.read(HAPROXY)).toContain("timeout tarpit 7s");
          expect(server.read("/var/lib/trellis/apply/change.sh")).toBeUndefined();
          expect(await filesWith(server, secretsOf(center.facts), "nobody")).toEqual([]);
          if (index < 3) expect(server.read("/etc/etcd/etcd.yaml")).toContain("log-level: warn");
        }
      });

      it("has nothing left to get then, and Hetzner knows with what each server would boot now", async () => {
        const { status, output } = await operator.apply(wanted, "--dry-run");
        expect(output).toContain("0 of 4 servers change");
        expect(status).toBe(0);
        const { servers } = JSON.parse(
          await center.server(0).run("curl --silent https://api.hetzner.cloud/v1/servers"),
        );
        expect(
          servers.map(({ labels }: { labels: Record<string, string> }) => labels["trellis-booted-with"]),
        ).toEqual(wanted.map((text) => operator.markOf(text)));
      });
    }

    it("is whole again after all servers reboot at once", async () => {
      const before = center.servers.map(({ poweredOnAt }) => poweredOnAt);
      await Promise.all(center.servers.map((server) => server.run("systemctl reboot")));
      await eventually("all servers have rebooted", 180_000, () =>
        center.servers.every(({ poweredOnAt, isOn }, index) => isOn && poweredOnAt !== before[index]),
      );
      figures("after a reboot of all", await allOfThem());
      await isAsPromised();
    });

    it("is whole again after all servers lose their power at once", async () => {
      await Promise.all(center.servers.map((server) => server.losePower()));
      await Promise.all(center.servers.map((server) => server.powerOn()));
      figures("after a loss of power of all", await allOfThem());
      await isAsPromised();
    });

    it("takes an isolated server back", async () => {
      const alone = center.server(2);
      alone.isolate(true);
      await eventually("the others go on without it", 60_000, async () => {
        const { healthy } = await etcdStatus(center.server(0));
        return healthy === 2;
      });
      alone.isolate(false);
      await eventually(
        "etcd has three members again",
        60_000,
        async () => (await etcdStatus(alone)).healthy === 3,
      );
      await allOfThem();
      await eventually("exactly one server holds the floating IP", 60_000, oneHolder);
    });

    it("takes in a server that was created again by hand, which founds no cluster of its own", async () => {
      const cluster = await clusterId(0);
      const changedInPlace = await fingerprint(center.server(1));
      await center.server(1).losePower();
      center.server(1).recreate(wanted[1]);
      await center.server(1).powerOn();
      figures("a server created again", [await allUnits(center.server(1), units(1))]);
      expect(await clusterId(1)).toBe(cluster);
      await isAsPromised();
      expect(changedInPlace).toBe(await fingerprint(center.server(1)));
    });

    if (LONGER_TOO) {
      it("takes in a server whose generation was raised", async () => {
        const cluster = await clusterId(0);
        await center.server(2).losePower();
        center.server(2).recreate(center.userDataOfNextGeneration(2));
        await center.server(2).powerOn();
        figures("a server of the next generation", [await allUnits(center.server(2), units(2))]);
        expect(await clusterId(2)).toBe(cluster);
        await isAsPromised();
      });

      it("has its data again on three new servers that came apart, from the snapshot in the bucket", async () => {
        const members = center.servers.slice(0, 3);
        const [first, ...others] = members;
        if (!first) throw new Error("prod has three members");
        const kept = "/registry/kept";
        await first.run(`trellis-etcd ctl put ${kept} yes && trellis-etcd snapshot`);
        const name = (await first.run("trellis-etcd snapshots")).trim().split("\n").at(-1);
        await Promise.all(members.map((server) => server.losePower()));
        for (const server of members) server.recreate();

        await first.powerOn();
        await eventually("the first boot has ended", 240_000, () => first.read("/var/lib/trellis/ready"));
        await new Promise((passed) => setTimeout(passed, SECONDS_APART * 1000));
        await Promise.all(others.map((server) => server.powerOn()));
        figures(`three new servers, ${SECONDS_APART} s apart`, await allOfThem());
        const found = () => first.run(`trellis-etcd ctl get --print-value-only ${kept}`);
        expect(await found()).toBe("");

        await Promise.all(members.map((server) => server.run("systemctl stop k3s etcd")));
        await Promise.all(members.map((server) => server.run(`trellis-etcd restore ${name} --all --yes`)));
        await Promise.all(members.map((server) => server.run("systemctl start --no-block k3s")));
        await allOfThem();
        expect(await found()).toBe("yes\n");
        await isAsPromised();
      });
    }

    /** Writes to etcd and reads it back until told to end. */
    function askEtcd(): () => Promise<{ answers: number; longestGapMs: number }> {
      let [answers, longestGapMs, last, going] = [0, 0, Date.now(), true];
      const asking = (async () => {
        while (going) {
          const value = String(answers);
          const command = `trellis-etcd ctl put /registry/asked ${value} >/dev/null && trellis-etcd ctl get --print-value-only /registry/asked`;
          // A member that restarts right now refuses; the gap shows for how long.
          const read = await center
            .server(1)
            .run(command)
            .catch(() => "");
          if (read.trim() !== value) {
            await wait(100); // where the server has no power, the answer is there at once
            continue;
          }
          longestGapMs = Math.max(longestGapMs, Date.now() - last);
          last = Date.now();
          answers += 1;
        }
      })();
      return async () => {
        going = false;
        await asking;
        return { answers, longestGapMs };
      };
    }

    const ofEach = (command: string) => Promise.all(center.servers.map((server) => server.run(command)));
    const bootIds = () => ofEach("cat /proc/sys/kernel/random/boot_id");
    const mainPids = (unit: string) => ofEach(`systemctl show --property MainPID --value ${unit}`);

    async function clusterId(index: number): Promise<string> {
      const [{ Status }] = JSON.parse(
        await center.server(index).run("trellis-etcd ctl endpoint status -w json --cluster | head -n 1"),
      );
      return String(Status.header.cluster_id);
    }
  },
);
