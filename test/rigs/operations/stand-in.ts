import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A stand-in on loopback for programs that cannot run in a test: it answers fixed texts by path, and 404 otherwise. */
export class StandIn {
  readonly #routes = new Map<string, (query: URLSearchParams) => Reply>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      const { status, body } = this.#routes.get(pathname)?.(searchParams) ?? { status: 404, body: "" };
      response.writeHead(status).end(body);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    return this;
  }

  url(path = "/"): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a TCP port
    return `http://127.0.0.1:${port}${path}`;
  }

  answer(path: string, body: string | ((query: URLSearchParams) => Reply), status = 200): void {
    this.#routes.set(path, typeof body === "string" ? () => ({ status, body }) : body);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

/** A proxy before a real program: it hands on each GET, and can change what the program answers. */
export class Distortion {
  /** Changes an answer; by itself nothing is changed. */
  distort: (path: string, answer: Reply) => Reply = (_, answer) => answer;
  readonly #server: Server;

  constructor(target: () => string) {
    this.#server = createServer(async (request, response) => {
      try {
        const { authorization } = request.headers;
        const answer = await fetch(new URL(request.url ?? "/", target()), {
          headers: authorization ? { authorization } : {},
        });
        const { status, body } = this.distort(request.url ?? "/", {
          status: answer.status,
          body: await answer.text(),
        });
        response.writeHead(status).end(body);
      } catch {
        response.destroy(); // as if nobody listened
      }
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
    return this;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a TCP port
    return `http://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}
