import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/**
 * Stands before several servers as a Service of Kubernetes does: each connection goes to the next of them that takes it,
 * and ends with it.
 */
export class TcpFront {
  /** Bytes that have passed, in both directions. */
  passed = 0;
  /** Called whenever some have passed, so that a test can strike in the middle of things. */
  onTraffic: (passed: number) => void = () => undefined;
  readonly #sockets = new Set<Socket>();
  #next = 0;

  private constructor(
    readonly server: Server,
    readonly port: number,
    readonly targets: readonly number[],
  ) {}

  static async open(
    targets: readonly number[],
    identity?: { readonly key: string; readonly cert: string },
  ): Promise<TcpFront> {
    const server = identity ? createTlsServer(identity) : createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (!address || typeof address === "string") throw new Error("no port");
    const front = new TcpFront(server, address.port, targets);
    server.on(identity ? "secureConnection" : "connection", (client: Socket) => front.#join(client));
    server.on("tlsClientError", () => undefined); // a client that does not trust us leaves
    return front;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client: Socket): void {
    this.#keep(client);
    client.pause();
    this.#reach(this.targets.length, client);
  }

  #reach(attempts: number, client: Socket): void {
    if (attempts === 0) return void client.destroy();
    const upstream = connect({
      host: "127.0.0.1",
      port: this.targets[this.#next++ % this.targets.length] ?? 0,
    });
    const refused = () => this.#reach(attempts - 1, client);
    upstream.once("error", refused);
    upstream.once("connect", () => {
      upstream.off("error", refused);
      this.#keep(upstream);
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        from.on("data", (piece: Buffer) => {
          this.passed += piece.length;
          this.onTraffic(this.passed);
        });
        from.pipe(to);
        from.once("close", () => to.destroy());
      }
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
