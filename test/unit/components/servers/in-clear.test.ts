import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { fabricOf, nodesOf, parseSettings } from "../../../../components/settings";
import { evaluateServers } from "../../../rigs/platform/platform";
import { rawSettings, STACKS } from "../../../rigs/platform/stacks";

/** The ports that carry TLS, by what a client must speak there: one in clear may not be in this list. */
const ENCRYPTED = [
  ...[443, 6443, 2379, 2380, 6445, 30443], // HTTPS: ingress, Kubernetes API, etcd, K3s
  ...[5432, 5433, 30432, 30433, 30434], // PostgreSQL, whose pg_hba refuses a session without TLS
  ...[30008, 30009, 30010], // Patroni's REST API
];
/** Over TLS in a mesh: metrics of HAProxy and of the node exporter. */
const METRICS = [8404, 9100];
/** HTTP for everybody redirects to HTTPS. */
const WEB = 80;

describe.each(STACKS)("the servers of %s", (stack) => {
  const raw = rawSettings(stack);
  const { target } = parseSettings(raw);
  if (target.kind !== "hetzner") throw new Error("every sample has servers of its own");
  const mesh = fabricOf(target.servers) === "mesh";
  const names = nodesOf(target).map(({ name }) => name);
  const evaluation = evaluateServers(raw, stack);
  const artefact = async (node: string, path: string) => {
    const { artefacts } = await evaluation;
    const content = artefacts.find(({ path: recorded }) =>
      recorded.endsWith(`servers/${node}${path}`),
    )?.content;
    if (content === undefined) throw new Error(`${path} of ${node} was not rendered`);
    return content;
  };

  it.each(names)("listen in clear on loopback or the private network only: %s", async (node) => {
    const haproxy = await artefact(node, "/etc/haproxy/haproxy.cfg");
    const etcd = parse(await artefact(node, "/etc/etcd/etcd.yaml"));
    const listeners = [
      ...[...haproxy.matchAll(/^ +bind (\S+):(\d+)(?!.* ssl )/gm)].map(([, host = "", port]) => ({
        host,
        port,
      })),
      ...["client", "peer", "metrics"].map((kind) => new URL(etcd[`listen-${kind}-urls`])).map(hostAndPort),
    ];

    const inClear = listeners.filter(({ port }) => !ENCRYPTED.includes(Number(port)) && Number(port) !== WEB);
    expect(inClear.map(({ port }) => port).sort()).toEqual(["2381", "8404"]);
    const outside = inClear.filter(({ host }) => !/^(127|10)\./.test(host));
    expect(outside.map(({ port }) => port)).toEqual([]);
  });

  it.each(names)("send nothing in clear to another server of a mesh: %s", async (node) => {
    const haproxy = await artefact(node, "/etc/haproxy/haproxy.cfg");
    const own = parse(await artefact(node, "/etc/rancher/k3s/config.yaml"))["node-ip"];

    const others = [...haproxy.matchAll(/^ +server \S+ ([\d.]+):(\d+)/gm)].filter(([, host]) => host !== own);
    const inClear = others.filter(([, , port]) => !ENCRYPTED.includes(Number(port)));
    expect(inClear.map(([, , port]) => port)).toEqual(mesh || names.length === 1 ? [] : ["30080"]);
  });

  it("accept from each other, in a mesh, only what is encrypted", async () => {
    const { resources } = await evaluation;
    const rules: { port?: string; protocol: string; description: string }[] = resources
      .filter(({ type }) => type.endsWith("/firewall:Firewall"))
      .flatMap(({ inputs }) => Object.values(Object(inputs.rules)));
    expect(rules.length).toBeGreaterThan(0);
    const open = rules
      .filter(({ protocol }) => protocol === "tcp")
      .flatMap(({ port = "" }) => {
        const [first = 0, last = first] = port.split("-").map(Number);
        return [2381, ...METRICS, 30080].filter((each) => each >= first && each <= last);
      });
    expect(open).toEqual(mesh ? METRICS : []);
  });
});

const hostAndPort = ({ hostname, port }: URL) => ({ host: hostname, port });
