import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unprivilegedUser } from "../../../cli/start/services";
import { poolerConfig, poolerUsers } from "../../../components/data/postgres";
import { POOLER_PLACES } from "../../../components/data/postgres/databases/pooler-config";
import { Child } from "../child";
import { createAuthority } from "../pki/certificates";
import { freePort, type PostgresServer, startPostgres } from "./postgres";

type Users = Parameters<typeof poolerUsers>[0];

/** A PostgreSQL with TLS, and PgBouncers before it with the rendered configuration, moved to ports and folders of their own. */
export class PooledPostgres {
  /** File with the CA certificate of both. */
  readonly authority: string;
  readonly leader: PostgresServer;
  readonly #folder: string;
  readonly #children: Child[] = [];

  private constructor(folder: string, leader: PostgresServer) {
    this.#folder = folder;
    this.leader = leader;
    this.authority = join(folder, "certificates", "ca.crt");
  }

  static async start(): Promise<PooledPostgres> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-pooler-"));
    const certificates = join(folder, "certificates");
    mkdirSync(certificates);
    const authority = createAuthority("postgres");
    const { cert, key } = authority.issue({
      addresses: ["127.0.0.1"],
      names: ["localhost"],
      usages: ["server"],
    });
    const { uid, gid } = unprivilegedUser();
    const files = { "ca.crt": authority.cert, "tls.crt": cert, "tls.key": key };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(certificates, name), content, { mode: 0o600 });
      if (uid !== undefined && gid !== undefined) chownSync(join(certificates, name), uid, gid);
    }
    for (const each of [folder, certificates]) chmodSync(each, 0o755);
    const leader = await startPostgres({
      settings: {
        ...{ ssl: "on", ssl_cert_file: join(certificates, "tls.crt") },
        ssl_key_file: join(certificates, "tls.key"),
      },
    });
    return new PooledPostgres(folder, leader);
  }

  /** @returns the port of one more pooler, at 127.0.0.1. */
  async pooler(
    users: Users,
    settings: Omit<Parameters<typeof poolerConfig>[0], "leader">,
  ): Promise<{ readonly port: number; readonly process: Child }> {
    const port = await freePort();
    const home = mkdtempSync(join(this.#folder, "pooler-"));
    chmodSync(home, 0o755);
    const ini = poolerConfig({ ...settings, leader: "127.0.0.1" })
      .replaceAll(" port=5432 ", ` port=${this.leader.port} `)
      .replace("listen_port = 5432", `listen_port = ${port}`)
      .replace("listen_addr = *", "listen_addr = 127.0.0.1")
      .replaceAll(POOLER_PLACES.config, home)
      .replaceAll(POOLER_PLACES.certificates, join(this.#folder, "certificates"));
    writeFileSync(join(home, "pgbouncer.ini"), ini);
    writeFileSync(join(home, "userlist.txt"), poolerUsers(users));
    const asUser = process.getuid?.() === 0 ? ["-u", "postgres"] : [];
    const child = new Child("pgbouncer", [...asUser, join(home, "pgbouncer.ini")]);
    this.#children.push(child);
    return { port, process: child };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map((each) => each.kill()));
    await this.leader.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
