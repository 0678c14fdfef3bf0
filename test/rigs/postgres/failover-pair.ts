import { connect, createServer, type Server, type Socket } from "node:net";
import pg from "pg";
import { eventually } from "../waiting";
import { type PostgresServer, STREAMING, startPostgres } from "./postgres";

const DURABLE = { ...STREAMING, fsync: "on", synchronous_commit: "on", full_page_writes: "on" };

/**
 * A leader and a synchronous standby behind one port, as HAProxy shows them: what was acknowledged survives the loss of
 * the leader. Promotion is `pg_promote`, which Patroni calls as well.
 */
export class FailoverPair implements PostgresServer {
  readonly #sockets = new Set<Socket>();
  #leader: PostgresServer | undefined;

  private constructor(
    private readonly front: Server,
    readonly port: number,
    private readonly servers: readonly [PostgresServer, PostgresServer],
  ) {
    [this.#leader] = servers;
    front.on("connection", (client) => this.#join(client));
  }

  static async start(): Promise<FailoverPair> {
    const leader = await startPostgres({ release: "debian", settings: DURABLE });
    const standby = await startPostgres({ release: "debian", settings: DURABLE, standbyOf: leader });
    await ask(leader, "ALTER SYSTEM SET synchronous_standby_names = '*'");
    await ask(leader, "SELECT pg_reload_conf()");
    const front = createServer();
    await new Promise<void>((listening) => front.listen(0, "127.0.0.1", listening));
    const address = front.address();
    if (!address || typeof address === "string") throw new Error("no port");
    const pair = new FailoverPair(front, address.port, [leader, standby]);
    await pair.#synchronous();
    return pair;
  }

  url(database: string): string {
    const url = new URL(this.servers[0].url(database));
    url.port = String(this.port);
    return url.href;
  }

  /** Loses the leader with every session on it, and promotes the standby. */
  async failOver(): Promise<void> {
    const [leader, standby] = this.servers;
    await this.#synchronous();
    const [file] = await ask<{ text: string }>(leader, "SELECT pg_read_file('postmaster.pid') AS text");
    this.#leader = undefined;
    for (const socket of this.#sockets) socket.destroy();
    process.kill(Number.parseInt(file?.text ?? "", 10), "SIGKILL");
    await ask(standby, "SELECT pg_promote(true, 60)");
    this.#leader = standby;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.front.close(closed));
    await Promise.all(this.servers.map((each) => each.stop()));
  }

  /** A quorum would elect no other standby. */
  async #synchronous(): Promise<void> {
    await eventually("the standby is synchronous", 60_000, async () => {
      const rows = await ask(
        this.servers[0],
        "SELECT FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'",
      ).catch(() => []);
      return rows.length === 1;
    });
  }

  #join(client: Socket): void {
    if (!this.#leader) {
      client.destroy();
      return;
    }
    const upstream = connect(this.#leader.port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.pipe(to);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

async function ask<Row extends pg.QueryResultRow>(server: PostgresServer, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: server.url("postgres") });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
