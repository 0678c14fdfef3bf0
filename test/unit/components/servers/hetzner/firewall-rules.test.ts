import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FirewallRule, firewallRules } from "../../../../../components/servers/hetzner/firewall-rules";

const OFFICE = "203.0.113.0/24";
const servers = (count: number) =>
  Array.from({ length: count }, (_, index) => `198.51.${Math.floor(index / 250)}.${(index % 250) + 1}`);
const base = { administrators: [OFFICE], servers: servers(3), webFrom: "everyone" } as const;

const covers = (rule: FirewallRule, port: number) => {
  const [first, last = first] = (rule.port ?? "").split("-").map(Number);
  return first !== undefined && last !== undefined && first <= port && port <= last;
};
const sourcesOf = (rules: readonly FirewallRule[], protocol: string, port: number) =>
  rules
    .filter((rule) => rule.protocol === protocol && covers(rule, port))
    .flatMap(({ sourceIps }) => sourceIps);

describe("the firewall", () => {
  it("lets only administrators reach SSH and the Kubernetes API in a private network", () => {
    const rules = firewallRules({ ...base, fabric: "private-network" });

    expect(sourcesOf(rules, "tcp", 22)).toEqual([OFFICE]);
    expect(sourcesOf(rules, "tcp", 6443)).toEqual([OFFICE]);
  });

  it("opens the web and ICMP to everyone, and nothing else", () => {
    const rules = firewallRules({ ...base, fabric: "mesh" });

    const open = rules.filter(({ sourceIps }) => sourceIps.some((source) => source.endsWith("/0")));
    expect(open.map(({ protocol, port }) => [protocol, port])).toEqual([
      ["icmp", undefined],
      ["tcp", "80"],
      ["tcp", "443"],
    ]);
  });

  it("keeps the web away from the servers where a load balancer stands before them", () => {
    const rules = firewallRules({ ...base, fabric: "private-network", webFrom: "load-balancer" });

    expect(sourcesOf(rules, "tcp", 443)).toEqual([]);
    expect(sourcesOf(rules, "tcp", 80)).toEqual([]);
  });

  it("opens nothing to peers in a private network, whose traffic it does not see", () => {
    const rules = firewallRules({ ...base, fabric: "private-network" });

    expect(rules.flatMap(({ sourceIps }) => sourceIps)).not.toContain("198.51.0.1/32");
  });

  it("lets every peer of a mesh, and nobody else, reach what servers say to each other", () => {
    const ports = [
      ["tcp", 2379],
      ["tcp", 2380],
      ["tcp", 6445],
      ["tcp", 8404],
      ["tcp", 10250],
      ["tcp", 30008],
      ["tcp", 30016],
      ["tcp", 30432],
      ["tcp", 30440],
      ["tcp", 30443],
      ["udp", 51820],
    ] as const;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 320 }), fc.constantFrom(...ports), (count, [protocol, port]) => {
        const rules = firewallRules({ ...base, fabric: "mesh", servers: servers(count) });
        expect(sourcesOf(rules, protocol, port)).toEqual(servers(count).map((address) => `${address}/32`));
      }),
    );
  });

  it("opens no port of databases, of etcd's metrics and of plain HTTP behind HAProxy to anyone", () => {
    for (const fabric of ["mesh", "private-network"] as const) {
      const rules = firewallRules({ ...base, fabric });
      const sources = [5432, 5433, 2381, 30080].flatMap((port) => sourcesOf(rules, "tcp", port));
      expect(sources).toEqual([]);
    }
  });

  it("keeps Hetzner's limits: 100 sources a rule, 50 rules, or refuses", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 50 }), (count, offices) => {
        const administrators = Array.from({ length: offices }, (_, index) => `192.0.2.${index}/32`);
        const plan = () =>
          firewallRules({ ...base, fabric: "mesh", administrators, servers: servers(count) });
        if (count > 500) {
          expect(plan).toThrow(/a Hetzner firewall holds at most 50/);
          return;
        }
        const rules = plan();
        expect(rules.length).toBeLessThanOrEqual(50);
        expect(Math.max(...rules.map(({ sourceIps }) => sourceIps.length))).toBeLessThanOrEqual(100);
      }),
    );
  });
});
