import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { base64, type EtcdAccess, EtcdGateway } from "../../../jobs/postgres/etcd/gateway";
import { Child } from "../child";
import { createAuthority } from "../pki/certificates";
import { program } from "../programs";
import { eventually } from "../waiting";

const PASSWORD = "patronis0password";

/** Three members of etcd over TLS, with Patroni's user and role, at addresses of the caller's own. */
export class DiscoveryEtcd {
  readonly #authority = createAuthority("etcd");
  readonly #members: (Child | undefined)[] = [];
  readonly #folder: string;
  readonly #addresses: readonly string[];

  private constructor(folder: string, addresses: readonly string[]) {
    this.#folder = folder;
    this.#addresses = addresses;
  }

  static async start(folder: string, addresses: readonly string[]): Promise<DiscoveryEtcd> {
    const etcd = new DiscoveryEtcd(folder, addresses);
    mkdirSync(folder, { recursive: true });
    const server = etcd.#authority.issue({
      commonName: "etcd",
      addresses: [...addresses, "127.0.0.1"],
      usages: ["server", "client"],
    });
    etcd.#lay("ca.crt", etcd.#authority.cert);
    etcd.#pair("server", server);
    etcd.#pair("root", etcd.#authority.issue({ commonName: "root", usages: ["client"] }));
    etcd.#pair("client", etcd.#authority.issue({ usages: ["client"] }));
    for (const index of addresses.keys()) etcd.startMember(index);
    await eventually(
      "a healthy etcd",
      60_000,
      () => etcd.ctl("endpoint", "health", "--cluster") !== undefined,
    );
    etcd.ctl("role", "add", "patroni");
    etcd.ctl("role", "grant-permission", "patroni", "readwrite", "--prefix=true", "/service/");
    etcd.ctl("user", "add", `patroni:${PASSWORD}`);
    etcd.ctl("user", "grant-role", "patroni", "patroni");
    etcd.ctl("user", "add", "root", "--no-password");
    etcd.ctl("user", "grant-role", "root", "root");
    etcd.ctl("auth", "enable");
    return etcd;
  }

  /** As the watcher is given it, by way of any ports in between. */
  access(endpoints = this.#addresses.map((address) => `https://${address}:2379`)) {
    return {
      endpoints,
      authority: this.path("ca.crt"),
      certificate: this.path("client.crt"),
      key: this.path("client.key"),
      user: "patroni",
      password: PASSWORD,
    };
  }

  startMember(index: number): void {
    const address = this.#addresses[index];
    const peers = this.#addresses.map((each, number) => `m${number}=https://${each}:2380`).join(",");
    const certificates = ["", "peer-"].flatMap((kind) => [
      `--${kind}cert-file=${this.path("server.crt")}`,
      `--${kind}key-file=${this.path("server.key")}`,
      `--${kind}trusted-ca-file=${this.path("ca.crt")}`,
      `--${kind}client-cert-auth`,
    ]);
    this.#members[index] = new Child("etcd", [
      ...[`--name=m${index}`, `--data-dir=${this.path(`m${index}`)}`, "--unsafe-no-fsync"],
      ...["listen", "advertise"].map((verb) => `--${verb}-client-urls=https://${address}:2379`),
      ...["listen-peer", "initial-advertise-peer"].map((verb) => `--${verb}-urls=https://${address}:2380`),
      ...[`--initial-cluster=${peers}`, "--log-level=error"],
      `--listen-metrics-urls=${this.metricsUrl(index)}`,
      ...certificates,
    ]);
  }

  /** Where a member serves health and metrics without TLS, as on our servers. */
  metricsUrl(index: number): string {
    return `http://${this.#addresses[index]}:2381`;
  }

  async killMember(index: number): Promise<void> {
    await this.#members[index]?.kill();
  }

  /** etcdctl as root. */
  ctl(...words: string[]): string {
    return execFileSync(
      program("etcdctl"),
      [
        ...["--endpoints", this.#addresses.map((address) => `https://${address}:2379`).join(",")],
        ...["--cacert", this.path("ca.crt"), "--cert", this.path("root.crt"), "--key", this.path("root.key")],
        ...words,
      ],
      { encoding: "utf8", stdio: "pipe" },
    );
  }

  /** Forgets all history up to now. */
  compact(revision: number): void {
    this.ctl("compact", String(revision));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member?.kill()));
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  #pair(name: string, pair: { readonly cert: string; readonly key: string }): void {
    this.#lay(`${name}.crt`, pair.cert);
    this.#lay(`${name}.key`, pair.key);
  }

  #lay(name: string, content: string): void {
    writeFileSync(this.path(name), content, { mode: 0o600 });
  }
}

/** Writes below /service/<scope>/ what Patroni's members would. */
export class StandInPatroni {
  readonly #gateway: EtcdGateway;
  readonly #prefix: string;

  constructor(access: EtcdAccess, scope: string) {
    this.#gateway = new EtcdGateway(access);
    this.#prefix = `/service/${scope}/`;
  }

  /** The revision at which the member took the lock, which it makes anew. */
  async lead(name: string): Promise<number> {
    await this.forget("leader");
    return this.put("leader", name);
  }

  release(): Promise<number> {
    return this.forget("leader");
  }

  join(name: string, address: string, fields: object = {}): Promise<number> {
    return this.put(
      `members/${name}`,
      JSON.stringify({
        conn_url: `postgres://${address}:5432/postgres`,
        api_url: `https://${address}:8008/patroni`,
        state: "running",
        role: "replica",
        version: "4.1.5",
        ...fields,
      }),
    );
  }

  put(key: string, value: string): Promise<number> {
    return this.#call("kv/put", { key: base64(`${this.#prefix}${key}`), value: base64(value) });
  }

  forget(key: string): Promise<number> {
    return this.#call("kv/deleterange", { key: base64(`${this.#prefix}${key}`) });
  }

  /** Answers the revision; at another member where one is gone. */
  async #call(method: string, fields: object): Promise<number> {
    return eventually(`an answer to ${method}`, 30_000, async () => {
      try {
        // Safe: every answer of etcd has a header.
        const { header } = (await this.#gateway.call(method, fields)) as { header?: { revision: string } };
        return Number(header?.revision);
      } catch (error) {
        this.#gateway.moveOn();
        throw error;
      }
    });
  }

  close(): void {
    this.#gateway.close();
  }
}
