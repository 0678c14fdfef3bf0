import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { baseMachine } from "../../../../../components/servers/machine";
import { describeWith, program } from "../../../../rigs/programs";

const rendered = (path: string) => baseMachine().files?.find((file) => file.path === path)?.content ?? "";

describeWith(["ip", "nft", "curl", "nsenter", "unshare", "python3"], "a machine's network", () => {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-network-"));
  const file = (name: string, content: string, mode = 0o644) => {
    writeFileSync(join(scratch, name), content, { mode });
    return join(scratch, name);
  };
  /** Network namespaces live as long as the process that holds each. */
  const holders: ChildProcess[] = [];
  const namespace = async () => {
    const holder = spawn(program("unshare"), ["--net", "sh", "-c", "echo ready; exec cat"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    holders.push(holder);
    await once(holder.stdout ?? holder, "data");
    return (...command: string[]) =>
      execFileSync(program("nsenter"), [`--net=/proc/${holder.pid}/ns/net`, ...command], {
        encoding: "utf8",
        stdio: "pipe",
      });
  };
  const pidOf = (index: number) => String(holders[index]?.pid);
  afterAll(async () => {
    await Promise.all(
      holders.map(async (holder) => {
        const ended = once(holder, "exit");
        holder.stdin?.end();
        await ended;
      }),
    );
    rmSync(scratch, { recursive: true, force: true });
  });

  describe("the guard of the metadata address", () => {
    let host: Awaited<ReturnType<typeof namespace>>;
    let pod: typeof host;
    let metadata: ChildProcess;
    beforeAll(async () => {
      [host, pod] = [await namespace(), await namespace()];
      const outside = await namespace();
      const link = (here: typeof host, name: string, there: number, peer: string) =>
        here("ip", "link", "add", name, "type", "veth", "peer", "name", peer, "netns", pidOf(there));
      link(host, "cni0", 1, "eth0");
      link(host, "eth0", 2, "eth0");
      const up = (here: typeof host, device: string, address: string) => {
        here("ip", "address", "add", address, "dev", device);
        here("ip", "link", "set", device, "up");
      };
      up(host, "cni0", "10.42.0.1/24");
      up(host, "eth0", "172.31.1.2/24");
      up(pod, "eth0", "10.42.0.2/24");
      up(outside, "eth0", "172.31.1.1/24");
      outside("ip", "address", "add", "169.254.169.254/32", "dev", "eth0");
      outside("ip", "address", "add", "fe80::a9fe:a9fe/64", "dev", "eth0", "nodad");
      pod("ip", "route", "add", "default", "via", "10.42.0.1");
      host("ip", "route", "add", "default", "via", "172.31.1.1");
      outside("ip", "route", "add", "10.42.0.0/24", "via", "172.31.1.2");
      host("sysctl", "-q", "net.ipv4.ip_forward=1");
      metadata = spawn(
        program("nsenter"),
        [
          `--net=/proc/${pidOf(2)}/ns/net`,
          "python3",
          "-u",
          "-m",
          "http.server",
          "80",
          "--bind",
          "::", // IPv4 too
          "--directory",
          scratch,
        ],
        { stdio: ["ignore", "pipe", "ignore"] },
      );
      await once(metadata.stdout ?? metadata, "data");
    });
    afterAll(() => void metadata.kill());

    const get = (address: string) => [
      "curl",
      "--silent",
      "--fail",
      "--max-time",
      "5",
      "--output",
      "/dev/null",
      `http://${address}/`,
    ];

    it("was needed: without it a pod reads the user data", () => {
      expect(() => pod(...get("169.254.169.254"))).not.toThrow();
    });

    it("refuses pods at once, lets root in, refuses other users, and leaves all other addresses alone", () => {
      const rules = file("guard.nft", rendered("/etc/trellis/metadata-guard.nft"));
      host("nft", "-f", rules);
      host("nft", "-f", rules); // as after a restart of its service

      const before = Date.now();
      expect(() => pod(...get("169.254.169.254"))).toThrow();
      expect(Date.now() - before).toBeLessThan(4_000);
      expect(() => pod(...get("172.31.1.1"))).not.toThrow();
      expect(() => host(...get("169.254.169.254"))).not.toThrow();
      expect(() => host("setpriv", "--reuid=65534", "--clear-groups", ...get("169.254.169.254"))).toThrow();
      expect(() => host("setpriv", "--reuid=65534", "--clear-groups", ...get("172.31.1.1"))).not.toThrow();
    });

    it("guards the IPv6 address that Hetzner's cloud-init reads as well", () => {
      const overIpv6 = get("[fe80::a9fe:a9fe%25eth0]");

      expect(() => host(...overIpv6)).not.toThrow();
      expect(() => host("setpriv", "--reuid=65534", "--clear-groups", ...overIpv6)).toThrow();
      host("nft", "delete", "table", "inet", "trellis_metadata");
      expect(() => host("setpriv", "--reuid=65534", "--clear-groups", ...overIpv6)).not.toThrow();
      host("nft", "-f", join(scratch, "guard.nft"));
    });

    it("stands whatever other tables are flushed", () => {
      host("nft", "add", "table", "ip", "filter");
      host("nft", "flush", "table", "ip", "filter");

      expect(() => pod(...get("169.254.169.254"))).toThrow();
    });
  });

  it("sends no redirects from any interface: that exists, that comes later, and whatever was set before", async () => {
    const here = await namespace();
    const redirects = (name: string) => here("sysctl", "-n", `net.ipv4.conf.${name}.send_redirects`);
    const add = (name: string) =>
      here("ip", "link", "add", name, "type", "veth", "peer", "name", `${name}-peer`);
    add("early0");
    here("sysctl", "-q", "-w", "net.ipv4.conf.early0.send_redirects=1");
    // As at boot, but for settings that are the whole machine's.
    here(
      "/usr/lib/systemd/systemd-sysctl",
      "--prefix=/net",
      file("60-trellis.conf", rendered("/etc/sysctl.d/60-trellis.conf")),
    );
    add("late0");

    expect(["all", "default", "early0", "late0"].map(redirects)).toEqual(["0\n", "0\n", "0\n", "0\n"]);
  });

  describe("interface-of", () => {
    const script = () => file("interface-of", rendered("/usr/local/lib/trellis/interface-of"), 0o755);

    it("finds an interface by its address or its network, whatever it is called", async () => {
      const here = await namespace();
      here("ip", "link", "add", "enp7s0", "type", "veth", "peer", "name", "other");
      here("ip", "address", "add", "10.0.1.10/32", "dev", "enp7s0"); // as Hetzner's private networks have it
      here("ip", "address", "add", "203.0.113.7/24", "dev", "other");

      expect(here(script(), "10.0.1.10")).toBe("enp7s0\n");
      expect(here(script(), "10.0.0.0/16")).toBe("enp7s0\n");
      expect(here(script(), "203.0.113.7")).toBe("other\n");
    });

    it("waits for an address that comes later", async () => {
      const here = await namespace();
      here("ip", "link", "add", "late0", "type", "veth", "peer", "name", "other");
      const waiting = spawn(program("nsenter"), [
        `--net=/proc/${pidOf(holders.length - 1)}/ns/net`,
        script(),
        "10.0.1.10",
        "60",
      ]);
      const found = once(waiting.stdout, "data");
      here("ip", "address", "add", "10.0.1.10/32", "dev", "late0");

      expect(String((await found)[0])).toBe("late0\n");
    });

    it("says what it looked for in vain", async () => {
      const here = await namespace();

      expect(() => here(script(), "10.0.1.10", "0")).toThrow(/no interface holds an address of 10\.0\.1\.10/);
    });
  });
});
