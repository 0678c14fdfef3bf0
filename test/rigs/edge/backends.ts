import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { KeyPair } from "../pki/certificates";
import type { Rendered } from "../rendered-objects";

/** A request as a backend has received it. */
export interface Received {
  /** `<namespace>/<service>` of the backend. */
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

/** A header by which a client asks for an answer that takes so many milliseconds from its headers to its end. */
export const TAKING = "x-taking-ms";

/**
 * A stand-in for the pods of every Service behind an Ingress: it answers with the request that it has received, and
 * echoes whatever a client sends after an upgrade to a WebSocket.
 */
export class StandInBackends {
  /** Everything that has arrived. */
  readonly received: Received[] = [];
  readonly #servers: Server[] = [];
  readonly #upgraded = new Set<Duplex>();

  /** @param certificate of the services that the annotations of their Service say to be asked over TLS */
  constructor(
    readonly address: string,
    readonly certificate: KeyPair,
  ) {}

  /** Starts one for each port of these Services, and returns their EndpointSlices. */
  async add(services: readonly Rendered[]): Promise<Rendered[]> {
    const slices: Rendered[] = [];
    for (const { metadata, spec } of services) {
      const overTls =
        metadata.annotations?.["traefik.ingress.kubernetes.io/service.serversscheme"] === "https";
      const ports = [];
      for (const { name } of spec.ports)
        ports.push({ name: name ?? "", port: await this.#serve(metadata, overTls) });
      slices.push(endpointSlice(metadata, [this.address], ports));
    }
    return slices;
  }

  stop(): void {
    for (const socket of this.#upgraded) socket.destroy();
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve({ namespace, name }: Rendered, overTls: boolean): Promise<number> {
    const note = (request: IncomingMessage, bytes: number): Received => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([key, value]) => [key, String(value)]),
      );
      const { method = "", url: path = "" } = request;
      const received = { service: `${namespace}/${name}`, method, path, headers, bytes };
      this.received.push(received);
      return received;
    };
    const server = overTls ? createTlsServer(this.certificate) : createServer();
    server.on("request", (request: IncomingMessage, response) => {
      let bytes = 0;
      request.on("data", (piece: Buffer) => {
        bytes += piece.length;
      });
      request.on("end", () => {
        response.setHeader("content-type", "application/json");
        response.flushHeaders();
        const answer = JSON.stringify(note(request, bytes));
        setTimeout(() => response.end(answer), Number(request.headers[TAKING] ?? 0));
      });
    });
    server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
      note(request, 0);
      this.#upgraded.add(socket);
      socket.on("error", () => socket.destroy());
      socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
      socket.pipe(socket);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, this.address, resolve));
    return (server.address() as AddressInfo).port; // safe: it listens on a port
  }
}

/** What Kubernetes' controller would make for the pods of a Service. */
export const endpointSlice = (
  { namespace, name }: Rendered,
  addresses: readonly string[],
  ports: readonly { readonly name: string; readonly port: number }[],
): Rendered => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { namespace, name: `${name}-1`, labels: { "kubernetes.io/service-name": name } },
  addressType: "IPv4",
  endpoints: [{ addresses, conditions: { ready: true } }],
  ports,
});
