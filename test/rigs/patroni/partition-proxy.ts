import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A network that can fail without a word: while it is parted, nothing passes and nothing is refused; what was sent
 * meanwhile arrives late, when it heals.
 */
export class PartitionProxy {
  readonly #sockets = new Set<Socket>();
  #parted = false;

  private constructor(
    readonly server: Server,
    readonly port: number,
  ) {}

  static async open(target: { readonly host: string; readonly port: number }): Promise<PartitionProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (!address || typeof address === "string") throw new Error("no port");
    const proxy = new PartitionProxy(server, address.port);
    server.on("connection", (client) => proxy.#join(client, connect(target)));
    return proxy;
  }

  part(): void {
    this.#parted = true;
    for (const socket of this.#sockets) socket.pause();
  }

  heal(): void {
    this.#parted = false;
    for (const socket of this.#sockets) socket.resume();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #join(client: Socket, upstream: Socket): void {
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (piece) => to.write(piece));
      from.on("end", () => to.end());
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        if (!this.#parted) to.destroy();
      });
      if (this.#parted) from.pause();
    }
  }
}
