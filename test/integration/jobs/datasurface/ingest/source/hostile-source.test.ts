import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { datasurface } from "../../../../../../jobs/datasurface";
import { type DatabaseAddress, openDatabase, parseCommandLine, prepare } from "../../../../../../jobs/shared";
import { describeWith } from "../../../../../rigs/programs";

const PASSWORD = "the-secret-of-another-database";
const SSL_REQUEST = 80877103;

interface Asks {
  /** The authentication that the server asks for: 3 in clear, 5 as MD5. */
  readonly code: 3 | 5;
  readonly encrypted: boolean;
}

/** A server that speaks PostgreSQL's protocol as far as the password, and keeps every byte that it is sent. */
class HostileServer {
  readonly #server: Server;
  readonly #received: Buffer[] = [];
  readonly #sockets = new Set<Socket>();

  constructor(asks: Asks, identity: { readonly key: Buffer; readonly cert: Buffer }) {
    const ask = Buffer.from([0x52, 0, 0, 0, asks.code === 3 ? 8 : 12, 0, 0, 0, asks.code]);
    const salt = asks.code === 3 ? [] : [1, 2, 3, 4];
    const talk = (socket: Socket) =>
      socket.on("data", (bytes) => {
        this.#received.push(bytes);
        if (bytes.length >= 8 && bytes.readInt32BE(4) === 196608)
          socket.write(Buffer.from([...ask, ...salt]));
      });
    this.#server = createServer((socket) => {
      this.#sockets.add(socket.on("error", () => undefined));
      socket.once("data", (bytes) => {
        this.#received.push(bytes);
        if (bytes.length === 8 && bytes.readInt32BE(4) === SSL_REQUEST) {
          socket.write(asks.encrypted ? "S" : "N");
          talk(asks.encrypted ? new TLSSocket(socket, { isServer: true, ...identity }) : socket).on(
            "error",
            () => undefined,
          );
        } else {
          talk(socket);
          socket.emit("data", bytes);
        }
      });
    });
  }

  async listen(): Promise<number> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    // Safe: a server that listens on an address has a port.
    return (this.#server.address() as AddressInfo).port;
  }

  get received(): string {
    return Buffer.concat(this.#received).toString("latin1");
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

describeWith(["openssl"], "a server that asks for the password of a source", () => {
  let folder: string;
  let identity: { key: Buffer; cert: Buffer };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trellis-hostile-"));
    const [key, cert] = [join(folder, "key"), join(folder, "cert")];
    execFileSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
      ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
    ]);
    identity = { key: readFileSync(key), cert: readFileSync(cert) };
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const address = (port: number, sslmode: DatabaseAddress["sslmode"]): DatabaseAddress => ({
    ...{ host: "localhost", port, database: "customer_db", user: "reader", password: PASSWORD, sslmode },
    certificateAuthority: undefined,
  });

  /** Lets the jobs connect, and returns their error and what the server got to see. */
  async function attack(asks: Asks, connection: Omit<Partial<DatabaseAddress>, "port">) {
    const server = new HostileServer(asks, identity);
    const port = await server.listen();
    try {
      const args = { purpose: "the source database", applicationName: "test" };
      const error = await openDatabase({ ...address(port, "prefer"), ...connection }, args).catch(String);
      return { error, received: server.received };
    } finally {
      await server.close();
    }
  }

  it.each([
    { code: 3, encrypted: false, sslmode: "prefer", says: "in clear" },
    { code: 3, encrypted: false, sslmode: "disable", says: "in clear" },
    { code: 3, encrypted: true, sslmode: "prefer", says: "in clear" },
    { code: 3, encrypted: true, sslmode: "require", says: "in clear" },
    { code: 5, encrypted: false, sslmode: "disable", says: "as an MD5 digest" },
    { code: 5, encrypted: true, sslmode: "require", says: "as an MD5 digest" },
  ] as const)("gets nothing: %o", async ({ says, sslmode, ...asks }) => {
    const { error, received } = await attack(asks, { sslmode });
    expect(error).toContain(says);
    expect(error).toContain("scram-sha-256");
    expect(received).toContain("customer_db"); // it came as far as the question
    expect(received).not.toContain(PASSWORD);
    expect(received).not.toContain("md5");
  });

  it("gets no MD5 digest even after it has proved who it is", async () => {
    const proved = { sslmode: "verify-full", certificateAuthority: identity.cert.toString() } as const;
    const { error, received } = await attack({ code: 5, encrypted: true }, proved);
    expect(error).toContain("as an MD5 digest");
    expect(received).not.toContain("md5");
  });

  it("is asked for its certificate first where no mode is given", async () => {
    const { error, received } = await attack({ code: 3, encrypted: true }, { sslmode: "verify-full" });
    expect(error).toMatch(/self-signed|certificate/);
    expect(received).not.toContain("customer_db");
  });
});

describe("a model that pairs a login with a server of its own", () => {
  const domain = { name: "datasurface", summary: "", load: async () => datasurface };
  const ingest = async (environment: Record<string, string>) =>
    prepare(
      await parseCommandLine(
        [
          "datasurface",
          "ingest",
          "--platform",
          "YellowLive",
          "--store",
          "Store1",
          "--model",
          "examples/model",
        ],
        [domain],
        {
          ...{ SOURCE_DATABASE: "customer_db", SOURCE_USER: "reader", SOURCE_PASSWORD: PASSWORD },
          ...{ MERGE_HOST: "localhost", MERGE_USER: "merge", SOURCE_HOSTS: "db.example.com:5432,[::1]:6000" },
          ...environment,
        },
      ),
    );

  it.each([
    { SOURCE_HOST: "evil.example.com" },
    { SOURCE_HOST: "db.example.com", SOURCE_PORT: "5433" },
    { SOURCE_HOST: "db.example.com.evil.example.com" },
    { SOURCE_HOST: "db.example.com:5432" },
  ])("is refused before a connection is opened: %o", async (source) => {
    await expect(ingest(source)).rejects.toThrow(/SOURCE_HOST: given .*, allowed: db.example.com:5432/);
  });

  it.each([{ SOURCE_HOST: "DB.example.com" }, { SOURCE_HOST: "::1", SOURCE_PORT: "6000" }])(
    "may name the login's own servers: %o",
    async (source) => {
      await expect(ingest(source)).resolves.toBeDefined();
    },
  );
});
