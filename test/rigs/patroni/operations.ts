import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { KeyPair } from "../pki/certificates";

interface Request {
  readonly method: string;
  readonly path: string;
  readonly content: unknown;
}

/** What Patroni's REST API answers to an operator, over TLS and with a password; it records what it was told to do. */
export class StandInPatroniRest {
  readonly told: Request[] = [];
  configuration: Record<string, unknown> = {};
  leader: string | undefined = "postgres-0";
  /** Whether postgres-2 still has to be restarted, and starts only then. */
  restartPending = true;
  readonly #server: Server;

  constructor(
    certificate: KeyPair,
    readonly user: string,
    readonly password: string,
  ) {
    this.#server = createServer(certificate, async (request, response) => {
      const content = await text(request);
      const [status, body] = this.#answer({
        method: request.method ?? "",
        path: request.url ?? "",
        content: content === "" ? undefined : JSON.parse(content),
        authorized: request.headers.authorization === `Basic ${btoa(`${this.user}:${this.password}`)}`,
      });
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.#server.listen(0, "127.0.0.1", listening));
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a TCP port
    return `https://127.0.0.1:${port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #answer({ authorized, ...request }: Request & { readonly authorized: boolean }): [number, unknown] {
    const { method, path, content } = request;
    if (method === "GET" && path === "/cluster") return [200, this.#cluster()];
    if (method === "GET" && path === "/config") return [200, this.configuration];
    if (!authorized) return [401, "no auth header received"];
    this.told.push(request);
    if (method === "PATCH" && path === "/config") {
      patch(this.configuration, content);
      return [200, this.configuration];
    }
    if (path === "/restart") {
      this.restartPending = false;
      return [200, "restarted successfully"];
    }
    if (path === "/reinitialize") return [200, "reinitialize started"];
    if (path !== "/switchover") return [404, "not found"];
    // Safe: this is what the operations send.
    const { candidate } = content as { candidate?: string };
    if (candidate === "postgres-2")
      return [412, "switchover is not possible: no good candidates have been found"];
    this.leader = candidate ?? "postgres-1";
    return [200, `Successfully switched over to "${this.leader}"`];
  }

  #cluster() {
    const member = (name: string, role: string, more: object) => ({
      ...{ name, role: name === this.leader ? "leader" : role, api_url: `${this.url}/patroni` },
      ...{ host: `10.42.0.${1 + Number(name.at(-1))}`, port: 5432, timeline: 7, ...more },
    });
    return {
      members: [
        member("postgres-0", "replica", { state: "running" }),
        member("postgres-1", "quorum_standby", { state: "streaming", lag: 0, receive_lag: 0, replay_lag: 0 }),
        member(
          "postgres-2",
          "replica",
          this.restartPending
            ? { state: "starting", lag: "unknown", receive_lag: 3_145_728, pending_restart: true }
            : { state: "streaming", lag: 0, receive_lag: 0, replay_lag: 0 },
        ),
      ],
      scope: "trellis",
    };
  }
}

/** Patroni's way: objects are merged at every depth, and a null deletes. */
function patch(into: object, content: unknown): void {
  for (const [key, value] of Object.entries(Object(content))) {
    const has: unknown = Reflect.get(into, key);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    if (value === null) Reflect.deleteProperty(into, key);
    else if (isObject && typeof has === "object" && has !== null) patch(has, value);
    else Reflect.set(into, key, value);
  }
}
