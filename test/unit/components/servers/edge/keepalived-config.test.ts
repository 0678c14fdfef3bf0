import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type KeepalivedArgs,
  keepalivedConfig,
  keepalivedPart,
  priorityOf,
} from "../../../../../components/servers/edge";

const SERVERS = [1, 2, 3].map((number) => ({
  name: `ubuntu-8gb-hil-${number}`,
  address: `10.0.4.${number + 9}`,
}));

const args: KeepalivedArgs = {
  server: { name: "ubuntu-8gb-hil-2", address: "10.0.4.11", number: 2 },
  servers: SERVERS,
  virtualRouterId: 51,
  floatingIp: { id: "4711", address: "203.0.113.7" },
  token: "a-token-that-nobody-may-see",
};

const content = (path: string, of: KeepalivedArgs = args) =>
  keepalivedPart(of).files?.find((file) => file.path === path)?.content ?? "";

describe("keepalived", () => {
  it("names all others as peers, and never itself", () => {
    const peers = /unicast_peer \{([^}]*)\}/.exec(keepalivedConfig(args))?.[1];

    expect(peers?.trim().split(/\s+/)).toEqual(["10.0.4.10", "10.0.4.12"]);
  });

  it("takes the priority from the server's own number, whoever else comes or goes", () => {
    const alone = keepalivedConfig({ ...args, servers: [args.server] });

    expect(alone).toContain(`priority ${priorityOf(args.server)}`);
    expect(keepalivedConfig(args)).toContain(`priority ${priorityOf(args.server)}`);
  });

  it("always finds a priority that VRRP allows", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (number) => {
        expect(priorityOf({ number })).toBeGreaterThanOrEqual(1);
        expect(priorityOf({ number })).toBeLessThanOrEqual(254);
      }),
    );
  });

  it("makes a failed check a fault, with no weight that a gap of priorities could outdo", () => {
    expect(keepalivedConfig(args)).not.toMatch(/^\s*weight/m);
  });

  it("lets nobody be born master or take the address back from a healthy holder", () => {
    expect(keepalivedConfig(args)).toContain("state BACKUP\n  nopreempt\n");
  });

  it("keeps the token in a file of root's alone, and nowhere else", () => {
    const holding = keepalivedPart(args).files?.filter((file) => file.content.includes(args.token));

    expect(holding?.map(({ path, mode }) => ({ path, mode }))).toEqual([
      { path: "/etc/trellis/floating-ip.authorization", mode: "0600" },
    ]);
    expect(keepalivedPart(args).setup).not.toContain(args.token);
  });

  it("talks to a stand-in where it is told to", () => {
    const told = { ...args, api: "http://127.0.0.1:8080/v1", metadata: "http://127.0.0.1:8081" };

    expect(content("/etc/trellis/floating-ip.conf", told)).toContain("API='http://127.0.0.1:8080/v1'\n");
    expect(content("/etc/trellis/floating-ip.conf")).toContain("API='https://api.hetzner.cloud/v1'\n");
  });

  it("never lets a value leave its quotes in the script's settings", () => {
    const hostile = content("/etc/trellis/floating-ip.conf", { ...args, api: "http://x/';reboot;'" });
    expect(hostile).toContain(`API='http://x/'\\'';reboot;'\\'''\n`);

    expect(() => keepalivedPart({ ...args, token: "two\nlines" })).toThrow("token of the floating IP");
  });
});
