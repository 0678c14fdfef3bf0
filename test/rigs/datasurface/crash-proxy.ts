import { connect, createServer, type Server, type Socket } from "node:net";

/** What a proxy does with the piece of traffic at which it strikes. */
export type Strike = "deliver" | "lose";

/**
 * Stands between a job and PostgreSQL and counts every piece of traffic, in both directions and over all sessions. At
 * the piece that it was told, it calls out, so that a test can kill the job at any point of what it says to the server
 * or hears from it, with nothing in the job that knows of tests.
 */
export class CrashProxy {
  /** Pieces seen since the last `arm`. */
  pieces = 0;
  private strikeAt = Number.POSITIVE_INFINITY;
  private manner: Strike = "deliver";
  private onStrike: () => void = () => undefined;
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async open(upstreamPort: number): Promise<CrashProxy> {
    const server = createServer({ allowHalfOpen: false });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (!address || typeof address === "string") throw new Error("no port");
    const proxy = new CrashProxy(server, address.port);
    server.on("connection", (client) => proxy.join(client, connect(upstreamPort, "127.0.0.1")));
    return proxy;
  }

  /** Begins to count anew; without `at` it only counts. */
  arm(
    at = Number.POSITIVE_INFINITY,
    manner: Strike = "deliver",
    onStrike: () => void = () => undefined,
  ): void {
    this.pieces = 0;
    this.strikeAt = at;
    this.manner = manner;
    this.onStrike = onStrike;
  }

  /** Cuts every session. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(client: Socket, upstream: Socket): void {
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (piece) => this.pass(piece, from, to));
      from.on("error", () => undefined);
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
    }
  }

  private pass(piece: Buffer, from: Socket, to: Socket): void {
    this.pieces++;
    const struck = this.pieces === this.strikeAt;
    if (struck) this.onStrike();
    if (struck && this.manner === "lose") return;
    if (!to.write(piece)) {
      from.pause();
      to.once("drain", () => from.resume());
    }
  }
}
