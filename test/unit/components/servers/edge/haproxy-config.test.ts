import { describe, expect, it } from "vitest";
import { type HaproxyArgs, haproxyConfig, haproxyPart } from "../../../../../components/servers/edge";

const SERVERS = [1, 2, 3].map((number) => ({
  name: `ubuntu-8gb-hil-${number}`,
  address: `10.0.4.${number + 9}`,
}));

function args(more: Partial<HaproxyArgs> = {}): HaproxyArgs {
  return {
    server: { name: "ubuntu-8gb-hil-1", address: "10.0.4.10", memoryGb: 8 },
    servers: SERVERS,
    apiServers: SERVERS,
    postgres: { members: 3 },
    ...more,
  };
}

/** The lines of one section, without its head and its comments. */
function section(configuration: string, head: string): string[] {
  const lines = configuration.split("\n");
  const start = lines.indexOf(head);
  const length = lines.slice(start + 1).findIndex((line) => !line.startsWith("  "));
  return lines
    .slice(start + 1, start + 1 + length)
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("#"));
}

describe("haproxy.cfg", () => {
  it("sends the Kubernetes API to every server that runs it, beside HAProxy's own port", () => {
    const api = section(haproxyConfig(args()), "listen kubernetes-api");

    expect(api).toContain("bind *:6443");
    expect(api.filter((line) => line.startsWith("server "))).toEqual([
      "server ubuntu-8gb-hil-1 10.0.4.10:6445",
      "server ubuntu-8gb-hil-2 10.0.4.11:6445",
      "server ubuntu-8gb-hil-3 10.0.4.12:6445",
    ]);
  });

  it("reaches each member by its own NodePorts, here first and by the next server when that fails", () => {
    const leader = section(haproxyConfig(args()), "listen postgres-leader");

    expect(leader.filter((line) => line.startsWith("server "))).toEqual([
      "server postgres-0-by-ubuntu-8gb-hil-1 10.0.4.10:30432 port 30008 fall 2 rise 1",
      "server postgres-1-by-ubuntu-8gb-hil-1 10.0.4.10:30433 port 30009 fall 2 rise 1",
      "server postgres-2-by-ubuntu-8gb-hil-1 10.0.4.10:30434 port 30010 fall 2 rise 1",
      "server postgres-0-by-ubuntu-8gb-hil-2 10.0.4.11:30432 port 30008 fall 1 rise 3 backup",
      "server postgres-1-by-ubuntu-8gb-hil-2 10.0.4.11:30433 port 30009 fall 1 rise 3 backup",
      "server postgres-2-by-ubuntu-8gb-hil-2 10.0.4.11:30434 port 30010 fall 1 rise 3 backup",
    ]);
  });

  it("gives the last server the first as its way round, and a lone server none", () => {
    const last = { ...args().server, name: "ubuntu-8gb-hil-3", address: "10.0.4.12" };
    expect(haproxyConfig(args({ server: last }))).toContain("postgres-0-by-ubuntu-8gb-hil-1 10.0.4.10:30432");

    expect(haproxyConfig(args({ servers: SERVERS.slice(0, 1), postgres: { members: 1 } }))).not.toContain(
      "backup\n",
    );
  });

  it("depends on no order in which servers are listed", () => {
    const shuffled = [SERVERS[2], SERVERS[0], SERVERS[1]].filter((server) => server !== undefined);

    expect(section(haproxyConfig(args({ servers: shuffled })), "listen postgres-leader")).toEqual(
      section(haproxyConfig(args()), "listen postgres-leader"),
    );
  });

  it("opens neither database port where there is no PostgreSQL", () => {
    const { postgres: _, ...without } = args();

    expect(haproxyConfig(without)).not.toMatch(/543[23]|postgres/);
  });

  it("opens databases and figures on the cluster's own address alone", () => {
    const configuration = haproxyConfig(args());

    for (const port of [5432, 5433, 8404]) {
      const binds = configuration.split("\n").filter((line) => new RegExp(`bind .*:${port}\\b`).test(line));
      expect(binds.map((line) => line.trim().split(" ")[1])).toEqual([`10.0.4.10:${port}`]);
    }
  });

  it("shows other servers its metrics over TLS and nothing else, where these travel over public addresses", () => {
    const part = haproxyPart(args({ metricsCertificate: { cert: "CERT", key: "KEY" } }));

    const file = (path: string) => part.files?.find((each) => each.path === path);
    const lines = section(file("/etc/haproxy/haproxy.cfg")?.content ?? "", "frontend status");
    expect(lines.filter((line) => line.startsWith("bind"))).toEqual([
      "bind 127.0.0.1:8404",
      "bind 10.0.4.10:8404 transparent ssl crt /etc/haproxy/metrics.crt ssl-min-ver TLSv1.2",
    ]);
    for (const kind of ["crt", "key"]) {
      expect(file(`/etc/haproxy/metrics.${kind}`)).toMatchObject({ mode: "0600", renewable: true });
    }
  });

  it("believes the PROXY protocol from the load balancer alone, and from nobody without one", () => {
    expect(haproxyConfig(args())).not.toContain("expect-proxy");

    const behind = haproxyConfig(args({ loadBalancer: ["10.0.0.2"] }));
    for (const head of ["listen kubernetes-api", "listen http", "listen https"]) {
      expect(section(behind, head)).toContain(
        "tcp-request connection expect-proxy layer4 if { src 10.0.0.2 }",
      );
    }
    expect(behind).not.toContain("accept-proxy");
    expect(section(behind, "listen postgres-leader").join()).not.toContain("proxy");
  });

  it("hands the client's address on to the ingress", () => {
    for (const [head, port] of [["listen http", 30080] as const, ["listen https", 30443] as const]) {
      const lines = section(haproxyConfig(args()), head);
      expect(lines.find((line) => line.startsWith("default-server"))).toContain("send-proxy-v2");
      expect(lines).toContain(`server ubuntu-8gb-hil-1 10.0.4.10:${port}`);
      expect(lines).toContain(`server ubuntu-8gb-hil-2 10.0.4.11:${port} backup`);
    }
  });

  it("checks each second up to 15 servers, and never asks a member more than 60 times a second", () => {
    const interval = (count: number) => {
      const servers = Array.from({ length: count }, (_, index) => ({
        name: `ubuntu-8gb-hil-${index + 1}`,
        address: `10.0.4.${index + 10}`,
      }));
      const found = / inter (\d+)ms/.exec(haproxyConfig(args({ servers })));
      return Number(found?.[1]);
    };

    expect([1, 3, 15].map(interval)).toEqual([1000, 1000, 1000]);
    expect((100 * 4 * 1000) / interval(100)).toBeLessThanOrEqual(60);
  });

  it("believes a leader only with the authority's certificate, where one is given", () => {
    const part = haproxyPart(args({ postgres: { members: 3, certificateAuthority: "PEM" } }));

    expect(part.files?.find(({ path }) => path === "/etc/haproxy/patroni-ca.pem")?.content).toBe("PEM");
    expect(haproxyConfig(args({ postgres: { members: 3, certificateAuthority: "PEM" } }))).toContain(
      "check-ssl verify required ca-file /etc/haproxy/patroni-ca.pem",
    );
  });

  it("refuses to render for a server that is not in its own list", () => {
    expect(() => haproxyConfig(args({ servers: SERVERS.slice(1) }))).toThrow("ubuntu-8gb-hil-1");
  });
});
