import { writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { EXAMPLE, GRAFANA } from "../test/rigs/edge/example";
import { haproxyFolder, startHaproxy } from "../test/rigs/edge/haproxy";
import { ADDRESSES, Ingress } from "../test/rigs/edge/ingress";
import { renderedIngress } from "../test/rigs/edge/rendered-ingress";
import { createAuthority } from "../test/rigs/pki/certificates";
import type { Rendered } from "../test/rigs/rendered-objects";
import { eventually } from "../test/rigs/waiting";

/**
 * Measures requests over TLS through a stack's ingress (HAProxy, then Traefik with every middleware of an administrators'
 * page), and beside it through one HAProxy that does nothing but end TLS. Client, backend and proxies share this machine, so
 * only the comparison counts. Needs the programs of the test of the ingress, and the right to add addresses.
 */
const CONNECTIONS = 32;
const ALONE = "127.36.0.3";

interface Contender {
  readonly name: string;
  readonly address: string;
  readonly authority: string;
}

export default async function ingress(argv: string[]): Promise<void> {
  const requests = Number(argv[0] ?? 10_000);
  if (!Number.isInteger(requests) || requests < CONNECTIONS)
    throw new Error(`usage: npm run bench -- ingress [requests, from ${CONNECTIONS}]`);
  const stack = await Ingress.start(await renderedIngress(EXAMPLE));
  const authority = createAuthority("bench");
  const identity = authority.issue({ names: [GRAFANA], usages: ["server"] });
  const folder = haproxyFolder();
  writeFileSync(join(folder.path, "page.pem"), identity.cert + identity.key);
  const alone = await startHaproxy(folder.path, onlyTls(folder.path, await backendOf(stack)));
  try {
    const contenders = [
      { name: "HAProxy and Traefik", address: ADDRESSES.front, authority: stack.layCertificates() },
      { name: "HAProxy alone", address: ALONE, authority: authority.cert },
    ];
    for (const contender of contenders) {
      await eventually(`${contender.name} answers`, 60_000, () => once(contender));
      await load(contender, requests / 10); // to warm up
      report(contender.name, await load(contender, requests));
    }
  } finally {
    await alone.stop();
    folder.remove();
    await stack.stop();
  }
}

/** Where the ingress finds Grafana. */
async function backendOf({ api }: Ingress): Promise<string> {
  const path = "/apis/discovery.k8s.io/v1/namespaces/monitoring/endpointslices";
  const { items } = (await api.ask("GET", path)) as Rendered;
  const [{ endpoints, ports }] = items;
  return `${endpoints[0].addresses[0]}:${ports[0].port}`;
}

const onlyTls = (folder: string, backend: string): string => `
global
  stats socket ${folder}/admin.sock level admin
defaults
  mode http
  timeout connect 4s
  timeout client 1m
  timeout server 1m
listen page
  bind ${ALONE}:443 ssl crt ${folder}/page.pem alpn http/1.1
  option forwardfor
  server backend ${backend}
`;

function send({ address, authority }: Contender, agent: Agent): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port: 443, servername: GRAFANA, headers: { host: GRAFANA } };
    const sent = request({ ...options, ca: authority, agent }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode === 200));
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function once(contender: Contender): Promise<boolean> {
  const agent = agentOf(contender);
  return send(contender, agent).finally(() => agent.destroy());
}

/** An administrator, with connections that live on. */
const agentOf = ({ address }: Contender): Agent =>
  new Agent({
    keepAlive: true,
    maxSockets: CONNECTIONS,
    ...(address === ALONE ? {} : { localAddress: ADDRESSES.administrator }),
  });

interface Measured {
  readonly seconds: number;
  /** How long each request took, from the shortest. */
  readonly milliseconds: readonly number[];
}

async function load(contender: Contender, requests: number): Promise<Measured> {
  const agent = agentOf(contender);
  const milliseconds: number[] = [];
  const began = performance.now();
  let left = requests;
  const client = async () => {
    while (left-- > 0) {
      const start = performance.now();
      if (!(await send(contender, agent))) throw new Error(`${contender.name} refused a request`);
      milliseconds.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  agent.destroy();
  return { seconds: (performance.now() - began) / 1000, milliseconds: milliseconds.sort((a, b) => a - b) };
}

function report(name: string, { seconds, milliseconds }: Measured): void {
  const at = (share: number) => (milliseconds[Math.floor(milliseconds.length * share)] ?? 0).toFixed(1);
  const rate = Math.round(milliseconds.length / seconds);
  console.log(`${name}: ${rate} requests a second, median ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}
