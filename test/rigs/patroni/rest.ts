import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import { createServer, type Server, type Socket } from "node:net";
import type { KeyPair } from "../pki/certificates";

interface StandInMembersOptions {
  readonly count: number;
  /** Where each member's NodePorts are, as kube-proxy has them: on every server. */
  readonly addresses: readonly string[];
  readonly certificate: KeyPair;
  /** The ports of the first member; the others follow. */
  readonly ports: { readonly postgres: number; readonly rest: number };
}

/**
 * A stand-in for one Patroni member: its REST API over TLS, and a database that greets each session with the member's
 * name, then echoes. It does what HAProxy can see of a member; unlike a real one it never ends a session by itself.
 */
export class StandInMember {
  readonly name: string;
  role: "leader" | "replica" = "replica";
  /** How far it lags behind, in megabytes. */
  lag = 0;
  #frozen = false;
  readonly #ordinal: number;
  readonly #options: StandInMembersOptions;
  readonly #rest: TlsServer;
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Socket>();
  #listeners: Server[] = [];

  constructor(ordinal: number, options: StandInMembersOptions) {
    this.name = `postgres-${ordinal}`;
    this.#ordinal = ordinal;
    this.#options = options;
    this.#rest = createTlsServer(options.certificate, (request, response) => {
      const answer = this.#answer(new URL(request.url ?? "/", "https://member"));
      response.writeHead(answer, { Connection: "close" }).end();
    });
    this.#rest.on("tlsClientError", () => {});
  }

  /** Sessions with its database that are open now. */
  get sessions(): number {
    return this.#sessions.size;
  }

  async start(): Promise<void> {
    const { addresses, ports } = this.#options;
    this.#listeners = await Promise.all(
      addresses.flatMap((address) => [
        listen(address, ports.rest + this.#ordinal, (socket) => this.#take(socket, this.#serveRest)),
        listen(address, ports.postgres + this.#ordinal, (socket) => this.#take(socket, this.#serveDatabase)),
      ]),
    );
  }

  /** The whole member is gone: its ports refuse, its sessions end. */
  async kill(): Promise<void> {
    const closed = this.#listeners.map((each) => new Promise((done) => each.close(done)));
    this.#listeners = [];
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  /** From now on it accepts connections and never says a word, as a stopped process or a stalled disk does. */
  freeze(): void {
    this.#frozen = true;
  }

  #take(socket: Socket, serve: (socket: Socket) => void): void {
    // The kernel had accepted it before the member was killed.
    if (this.#listeners.length === 0) return void socket.destroy();
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    if (!this.#frozen) serve(socket);
  }

  readonly #serveRest = (socket: Socket): void => {
    this.#rest.emit("connection", socket);
  };

  readonly #serveDatabase = (socket: Socket): void => {
    this.#sessions.add(socket);
    socket.on("close", () => this.#sessions.delete(socket));
    socket.write(`${this.name}\n`);
    socket.on("data", (chunk) => {
      if (!this.#frozen) socket.write(chunk);
    });
  };

  #answer({ pathname, searchParams }: URL): number {
    if (pathname === "/primary") return this.role === "leader" ? 200 : 503;
    if (pathname === "/replica") {
      const most = Number.parseInt(searchParams.get("lag") ?? "1000000", 10);
      return this.role === "replica" && this.lag <= most ? 200 : 503;
    }
    return 404;
  }
}

export interface StandInMembers {
  readonly all: readonly StandInMember[];
  member(ordinal: number): StandInMember;
  /** Makes one member the leader and all others replicas, from one instant to the next; without one, nobody leads. */
  lead(ordinal?: number): void;
  stop(): Promise<void>;
}

export async function startStandInMembers(options: StandInMembersOptions): Promise<StandInMembers> {
  const all = Array.from({ length: options.count }, (_, ordinal) => new StandInMember(ordinal, options));
  await Promise.all(all.map((each) => each.start()));
  return {
    all,
    member(ordinal) {
      const found = all[ordinal];
      if (!found) throw new Error(`there is no member ${ordinal}`);
      return found;
    },
    lead(ordinal) {
      for (const [index, each] of all.entries()) each.role = index === ordinal ? "leader" : "replica";
    },
    async stop() {
      await Promise.all(all.map((each) => each.kill()));
    },
  };
}

function listen(host: string, port: number, take: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer(take);
    server.once("error", reject);
    server.listen({ host, port }, () => resolve(server));
  });
}
