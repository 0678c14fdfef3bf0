import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer as createTlsServer, get } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { connect as connectTls, TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { METRICS_HOST } from "../../../../../components/servers";
import { haproxyConfig, haproxyPart, INGRESS } from "../../../../../components/servers/edge";
import { SERVER_PORTS } from "../../../../../components/shared/address-plan";
import { haproxyFolder, type RunningHaproxy, startHaproxy, tick } from "../../../../rigs/edge/haproxy";
import { createAuthority, type KeyPair } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

/** A range of this file's own, so that the production addresses stay free for others. */
const SERVERS = [11, 12, 13].map((host) => ({
  name: `ubuntu-8gb-hil-${host - 10}`,
  address: `127.34.0.${host}`,
}));
const HERE = "127.34.0.11";
/** The PROXY protocol's second version, for IPv4. */
const HEADER_BYTES = 28;
/** For what production binds to 127.0.0.1. */
const LOOPBACK = "127.34.0.90";
const LOAD_BALANCER = "127.34.0.99";

/**
 * What a stand-in for a K3s API server does. It refuses all who come without a certificate that it knows, and whoever has
 * one is told whether it is ready.
 */
type Behaviour = "ready" | "not ready" | "knows nobody" | "starting" | "frozen" | "dead";

class StandInApi {
  behaviour: Behaviour = "ready";
  readonly #sockets = new Set<Socket>();
  readonly #listener: Server;

  constructor(
    name: string,
    address: string,
    { certificate, clients }: { certificate: KeyPair; clients: string },
  ) {
    const tls = { ...certificate, ca: clients, requestCert: true, rejectUnauthorized: false };
    const api = createTlsServer(tls, ({ socket }, response) => {
      const known = socket instanceof TLSSocket && socket.authorized && this.behaviour !== "knows nobody";
      const status =
        this.behaviour === "starting" ? 503 : !known ? 401 : this.behaviour === "not ready" ? 500 : 200;
      response.writeHead(status, { "X-Server": name, Connection: "close" }).end();
    });
    api.on("tlsClientError", () => {});
    this.#listener = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => this.#sockets.delete(socket));
      if (this.behaviour === "dead") socket.destroy();
      else if (this.behaviour !== "frozen") api.emit("connection", socket);
    });
    this.#listener.listen(SERVER_PORTS.apiServer, address);
  }

  die(): void {
    this.behaviour = "dead";
    for (const socket of this.#sockets) socket.destroy();
  }

  stop(): void {
    this.#listener.close();
    this.die();
  }
}

describeWith(["haproxy", "openssl"], "HAProxy at the front door", () => {
  const etcd = createAuthority("etcd");
  const clients = createAuthority("client CA of a test");
  const folder = haproxyFolder();
  const [server] = SERVERS;
  if (!server) throw new Error("three were made above");
  let haproxy: RunningHaproxy;
  let apis: StandInApi[];
  const nodePorts: Server[] = [];
  /** What each client has brought to the ingress so far: the header may come before the rest. */
  const arrived: Buffer[] = [];

  beforeAll(async () => {
    const addresses = SERVERS.map(({ address }) => address);
    const certificate = createAuthority("k3s stand-ins").issue({
      commonName: "k3s",
      addresses,
      usages: ["server"],
    });
    apis = SERVERS.map(
      ({ name, address }) => new StandInApi(name, address, { certificate, clients: clients.cert }),
    );
    for (const { nodePort } of INGRESS) {
      const ingress = createServer((socket) => {
        socket.on("error", () => {});
        let client: number | undefined;
        socket.on("data", (bytes) => {
          client ??= arrived.push(Buffer.alloc(0)) - 1;
          const brought = Buffer.concat([arrived[client] ?? Buffer.alloc(0), bytes]);
          arrived[client] = brought;
          if (brought.length > HEADER_BYTES) socket.end("served\n");
        });
      });
      await new Promise<void>((resolve) => ingress.listen(nodePort, HERE, resolve));
      nodePorts.push(ingress);
    }
    const args = {
      server: { ...server, memoryGb: 1 },
      servers: SERVERS,
      apiServers: SERVERS,
      apiClient: clients.issue({ commonName: "health", usages: ["client"] }),
      loadBalancer: [LOAD_BALANCER],
      metricsCertificate: etcd.issue({ names: [METRICS_HOST], usages: ["server"] }),
      bind: { front: HERE, loopback: LOOPBACK },
      runtimeDirectory: folder.path,
      configurationDirectory: folder.path,
    };
    for (const { path, content } of haproxyPart(args).files ?? []) {
      if (path.startsWith(folder.path)) writeFileSync(path, content);
    }
    haproxy = await startHaproxy(folder.path, haproxyConfig(args));
  });

  beforeEach(async () => {
    for (const api of apis) api.behaviour = "ready";
    await eventually("all API servers are up", 30_000, async () =>
      (await states("kubernetes-api")).every((state) => state === "2"),
    );
    arrived.splice(0);
  });

  afterAll(async () => {
    await haproxy?.stop();
    for (const api of apis ?? []) api.stop();
    for (const nodePort of nodePorts) nodePort.close();
    folder.remove();
  });

  /** The operational state of each server of a backend; 2 is running. */
  async function states(backend: string): Promise<string[]> {
    const answer = await haproxy.ask(`show servers state ${backend}`);
    const lines = answer.split("\n").filter((line) => line.split(" ")[1] === backend);
    return lines.map((line) => line.split(" ")[5] ?? "");
  }

  /** The API server that answers a request through HAProxy; undefined where none does. */
  function askApi(): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connectTls({ host: HERE, port: SERVER_PORTS.kubernetesApi, rejectUnauthorized: false });
      let answer = "";
      socket.setTimeout(1000, () => socket.destroy());
      socket.on("error", () => {});
      socket.on("data", (chunk) => (answer += chunk));
      socket.on("close", () => resolve(/X-Server: (\S+)/.exec(answer)?.[1]));
      socket.on("secureConnect", () => socket.write("GET /api HTTP/1.0\r\n\r\n"));
    });
  }

  const askApiOften = async () => new Set(await Promise.all(Array.from({ length: 12 }, askApi)));

  /** Seconds until twelve requests at once are answered, by just the servers that should. */
  async function secondsUntilServedBy(what: string, names: readonly (string | undefined)[]): Promise<number> {
    const start = performance.now();
    await eventually(`requests are answered by ${names.join(", ")}`, 30_000, async () => {
      const served = await askApiOften();
      const running = (await states("kubernetes-api")).filter((state) => state === "2").length;
      // Least connections spares a frozen server by itself for a while: it counts only once it is down.
      const settled = running === names.filter((name) => name !== undefined).length;
      return settled && served.size === names.length && names.every((name) => served.has(name));
    });
    const seconds = (performance.now() - start) / 1000;
    console.log(`${what}: right again after ${seconds.toFixed(2)} s`);
    return seconds;
  }

  const api = (number: number) => apis[number - 1] ?? expect.fail(`no API server ${number}`);

  it("spreads the API's clients over all servers", async () => {
    const all = SERVERS.map(({ name }) => name).join();
    await eventually(`twelve requests are spread over ${all}`, 30_000, async () => {
      return [...(await askApiOften())].sort().join() === all;
    });
  });

  it.each<["dead" | "frozen" | "starting" | "not ready"]>([
    ["dead"],
    ["frozen"],
    ["starting"],
    ["not ready"],
  ])("sends no client to an API server that is %s, though its port is open", async (behaviour) => {
    api(2).behaviour = behaviour;

    const seconds = await secondsUntilServedBy(`API server ${behaviour}`, [
      "ubuntu-8gb-hil-1",
      "ubuntu-8gb-hil-3",
    ]);
    expect(seconds).toBeLessThan(60);
  });

  it("keeps API servers that refuse its own certificate, as they do once it has expired", async () => {
    for (const each of apis) each.behaviour = "knows nobody";
    const all = SERVERS.map(({ name }) => name);
    await secondsUntilServedBy("certificate refused", all);
  });

  it("cuts the sessions with an API server that froze, so that watches begin again elsewhere", async () => {
    const watch = connectTls({ host: HERE, port: SERVER_PORTS.kubernetesApi, rejectUnauthorized: false });
    watch.on("error", () => {});
    const ended = new Promise((resolve) => watch.once("close", resolve));
    await new Promise((resolve) => watch.once("secureConnect", resolve));

    for (const each of apis) each.behaviour = "frozen";

    await ended;
  });

  it("refuses at once when all API servers are gone, and serves again when one is back", async () => {
    for (const each of apis) each.die();
    await secondsUntilServedBy("all API servers dead", [undefined]);

    api(3).behaviour = "ready";
    expect(await secondsUntilServedBy("one API server back", ["ubuntu-8gb-hil-3"])).toBeLessThan(60);
  });

  /** Sends bytes to a port from an address, and gives what the ingress got. HAProxy's checks come in between. */
  async function arrival(port: number, from: string, bytes: string): Promise<Buffer> {
    const before = arrived.length;
    const socket = connect({ host: HERE, port, localAddress: from });
    socket.on("error", () => {});
    socket.write(bytes);
    const got = await eventually("all has reached the ingress", 60_000, () =>
      arrived.slice(before).find(({ length }) => length > HEADER_BYTES),
    );
    socket.destroy();
    return got;
  }

  /** The client's address in a header of the PROXY protocol's second version. */
  function client(header: Buffer): string {
    expect(header.subarray(0, 12).toString("latin1")).toBe("\r\n\r\n\0\r\nQUIT\n");
    return header.subarray(16, 20).join(".");
  }

  it("tells the ingress who the client is, on both ports", async () => {
    await tick();
    for (const port of [SERVER_PORTS.http, SERVER_PORTS.https]) {
      const header = await arrival(port, "127.34.0.50", "hello");
      expect(client(header)).toBe("127.34.0.50");
      expect(header.subarray(HEADER_BYTES).toString()).toBe("hello");
    }
  });

  it("believes the load balancer about the client, and nobody else", async () => {
    const claim = "PROXY TCP4 198.51.100.7 203.0.113.7 50000 80\r\nhello";

    expect(client(await arrival(SERVER_PORTS.http, LOAD_BALANCER, claim))).toBe("198.51.100.7");

    const impostor = await arrival(SERVER_PORTS.http, "127.34.0.50", claim);
    expect(client(impostor)).toBe("127.34.0.50");
    expect(impostor.subarray(HEADER_BYTES).toString()).toContain("PROXY TCP4 198.51.100.7");
  });

  it("shows its health and its figures on loopback, and nothing else", async () => {
    const status = async (path: string) =>
      (await fetch(`http://${LOOPBACK}:${SERVER_PORTS.haproxyStatus}${path}`)).status;

    expect(await Promise.all(["/health", "/stats", "/metrics", "/"].map(status))).toEqual([
      200, 200, 200, 404,
    ]);
  });

  it("shows other servers of a mesh its metrics alone, and only over TLS", async () => {
    const verified = { ca: etcd.cert, servername: METRICS_HOST };
    const ask = async (path: string, tls: object = verified) => {
      const url = `https://${HERE}:${SERVER_PORTS.haproxyStatus}${path}`;
      const [response] = await once(get(url, { ...tls, agent: false }), "response");
      return { status: response.statusCode, body: await text(response) };
    };

    const { body } = await ask("/metrics");
    expect(body).toContain('haproxy_server_status{proxy="kubernetes-api"');
    expect((await ask("/stats")).status).toBe(404);
    await expect(ask("/metrics", { ...verified, ca: createAuthority("other").cert })).rejects.toThrow();
    await expect(fetch(`http://${HERE}:${SERVER_PORTS.haproxyStatus}/metrics`)).rejects.toThrow();
  });
});
