import { describe, expect, it } from "vitest";
import { parseSettings, SettingsError } from "../../../../components/settings";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

const oidc = (wrong: Readonly<Record<string, unknown>>) => ({
  issuer: "https://login.example.com",
  clientId: "trellis",
  ...wrong,
});

/** A path, what is put there into the settings of prod, and what the reader must find in the message. */
const BROKEN: ReadonlyArray<readonly [path: string, value: unknown, ...message: string[]]> = [
  ["environment", undefined, "environment: missing", "one of dev, staging, prod"],
  ["environment", "production", 'given "production"', "one of dev, staging, prod"],
  ["environment", 3, "given 3"],
  ["environment", null, "environment"],
  ["cluster", "", "cluster"],
  ["cluster", "Trellis", "lower-case name"],
  ["cluster", "-x", "begins with a letter"],
  ["cluster", "a".repeat(41), "1 to 40 long"],
  ["cluster", "a;reboot", "letters, digits and inner dashes"],
  ["cluster", "x\n[Service]", "\\n"],
  ["domain", undefined, "domain: missing"],
  ["domain", "localhost", "two labels"],
  ["domain", "example..com", "domain name"],
  ["domain", "exa mple.com", "domain name"],
  ["domain", "$(reboot).example.com", "domain name"],
  ["domain", "`id`.example.com", "domain name"],
  ["domain", "example.com'; DROP TABLE users", "domain name"],
  ["domain", "ex\u202eample.com", "\\u{202e}"],
  ["domain", "\u001b[31mexample.com", "\\u001b"],
  ["domain", `${"a.".repeat(120)}com`, "200"],
  ["domain", ["example.com"], "a lower-case domain name"],
  ["contact", "nobody", "e-mail address"],
  ["contact", "a@b@c.com", "e-mail address"],
  ["contact", "x@example.com\nBcc: y@example.com", "e-mail address"],
  ["target", undefined, "target"],
  ["target", "hetzner", "target"],
  ["target", [], "target"],
  ["target.kind", "aws", "one of hetzner, existing"],
  ["target.kind", undefined, "target.kind"],
  ["target.servers", [], "given []; allowed: at least 1 entry"],
  ["target.servers", {}, "target.servers", "a list of groups of servers, each with `location` and `types`"],
  ["target.servers.0.location", "mars", "one of fsn1, nbg1, hel1, ash, hil, sin"],
  ["target.servers.0.location", undefined, "target.servers[0].location: missing"],
  ["target.servers.0.datacenter", "fsn1-dc14", "target.servers[0].datacenter", "no setting of this name"],
  ["target.servers.0.types", [], "at least 1"],
  [
    "target.servers.0.types",
    "ccx23",
    "target.servers[0].types",
    "a list of strings, for example `[ccx23, cpx42]`",
  ],
  ["target.servers.0.types", ["cx11"], "cx23"],
  ["target.servers.0.types", ["ccx23", "cx23"], "a type with 16 GB and amd64, like ccx23"],
  ["target.servers.0.types", ["cpx42", "cax31"], "amd64"],
  ["target.servers.0.types", ["cpx41"], "Hetzner offers in eu-central"],
  ["target.servers.0.types", ["ccx23", "ccx23"], "each type once"],
  ["target.servers.0.count", 0, "at least 1"],
  ["target.servers.0.count", 1.5, "a whole number from 1 to 200"],
  ["target.servers.0.count", "3", "target.servers[0].count", "a whole number from 1 to 200"],
  ["target.servers.0.count", 2, "1, 3, 5 or 7"],
  ["target.servers.0.numbers", [1, 1], "numbers that no other server in fsn1 has"],
  ["target.servers.0.numbers", [0], "at least 1"],
  ["target.servers.0.numbers", [201], "at most 200"],
  ["target.servers.0.numbers", [], "at least 1"],
  ["target.servers.0.roles", ["master"], "one of etcd, control-plane, workload"],
  ["target.servers.0.roles", ["etcd"], "control-plane or workload in addition to etcd"],
  ["target.servers.0.roles", ["workload", "workload"], "each role once"],
  ["target.servers.0.roles", ["workload"], "2 servers with the role etcd"],
  ["target.servers.0.location", "nbg1", "set `numbers` in both"],
  ["target.servers.0.location", "ash", "only dns", "eu-central and us-east"],
  ["target.network", { servers: "10.0.0.0/24" }, "at least 4096 addresses"],
  ["target.network", { servers: "8.8.0.0/16" }, "private range"],
  ["target.network", { servers: "10.42.0.0/16" }, "does not overlap network.servers"],
  ["target.network", { pods: "10.43.0.0/16" }, "overlap"],
  ["target.network", { pods: "10.42.0.0/24" }, "256 for each of 3 nodes"],
  ["target.network", { pods: "8.0.0.0/8" }, "a private range"],
  ["target.network", { services: "10.43.0.0/28" }, "at least 256 addresses"],
  ["target.network", { servers: "10.0.0.1/16" }, "no bits set after its prefix"],
  ["target.network", { servers: "10.0.0.0/33" }, "IPv4 range"],
  ["target.network", { servers: "10.0.0.0" }, "IPv4 range"],
  ["target.network", { server: "10.0.0.0/16" }, "target.network.server"],
  ["target.network", { servers: "010.0.0.0/16" }, "IPv4 range"],
  ["target.access.sshKeys", [], "at least 1"],
  ["target.access.sshKeys.0.publicKey", "-----BEGIN OPENSSH PRIVATE KEY-----", "one public key"],
  ["target.access.sshKeys.0.publicKey", "ssh-dss AAAAB3NzaC1kc3M=", "one public key"],
  ["target.access.sshKeys.0.publicKey", 'command="rm -rf /" ssh-ed25519 AAAA', "one public key"],
  ["target.access.from", [], "at least 1"],
  ["target.access.from", ["0.0.0.0/0"], "not be open to the internet"],
  ["target.access.from", ["0.0.0.0/1", "128.0.0.0/1"], "not be open to the internet"],
  ["target.access.from", ["128.0.0.0/2", "192.0.2.0/24"], "at most a /8"],
  ["target.access.web", [], "at least 1"],
  ["target.access.from", ["::/0"], "IPv4 range"],
  ["target.edge", undefined, "target.edge"],
  ["target.edge.kind", "haproxy", "one of floating-ip, load-balancer, dns"],
  ["target.edge.virtualRouterId", 256, "at most 255"],
  ["target.edge.type", "lb11", "target.edge.type", "no setting of this name"],
  ["target.etcd", { quotaGib: 16 }, "at most 8"],
  ["target.etcd", { snapshotKeepDays: [7] }, "a whole number from 1 to 365"],
  ["target.etcd", { snapshotEveryHours: 0 }, "at least 1"],
  ["target.generations", { "ubuntu-8gb-mars-1": 2 }, "the name of a server", "ubuntu-16gb-fsn1-1"],
  ["target.generations", { "ubuntu-16gb-fsn1-1": 0 }, "at least 1"],
  ["target.prices", { ccx23: -1 }, "at least 0"],
  ["target.protection", "yes", "boolean"],
  ["target.kubernetes", { oidc: { clientId: "trellis" } }, "target.kubernetes.oidc.issuer: missing"],
  ["target.kubernetes", { oidc: oidc({ issuer: "http://login.example.com" }) }, "an https address"],
  ["target.kubernetes", { oidc: oidc({ issuer: "https://login.example.com/?a" }) }, "an https address"],
  ["target.kubernetes", { oidc: oidc({ clientId: "x\ny" }) }, "a client id"],
  ["target.kubernetes", { oidc: oidc({ groupsClaim: "a.b" }) }, "the name of a claim"],
  ["target.kubernetes", { oidc: oidc({ authority: "nonsense" }) }, "certificates in PEM"],
  ["target.kubernetes", { oidc: oidc({ developers: ["a'b"] }) }, "a group's name"],
  ["offsite.endpoint", "http://s3.example.com", "https address"],
  ["offsite.endpoint", "https://user:pass@s3.example.com", "without path or credentials"],
  ["offsite.bucket", "My_Bucket", "bucket name"],
  ["offsite.region", "eu central", "region"],
  ["target.addons", { certmanager: true }, "target.addons.certmanager"],
  ["epochs", { certificates: 1.5 }, "epochs.certificates"],
  ["postgres", { replicas: 4 }, "at most 3, one for each server with the role workload"],
  ["postgres", { replicas: 0 }, "at least 1"],
  ["postgres", { synchronous: false }, "true in prod"],
  ["postgres", { replicas: 1, synchronous: true }, "false with 1 replica"],
  ["postgres", { replicas: 2, synchronous: "strict" }, "stops all commits"],
  ["postgres", { synchronous: "always" }, "true, false or strict"],
  ["postgres", { memoryMib: 128 }, "at least 512"],
  [
    "postgres",
    { memoryMib: 1024 },
    "postgres.memoryMib: given 1024; allowed: at least 1536, or fewer declared sessions",
    "1024 MiB carry 64 sessions, of which 6 are reserved for superusers",
    "airflow_db 30 (Airflow's 7 processes, its migration; postgres.databases.airflow_db.connections)",
    "backups 8 (dumps of every database)",
  ],
  [
    "postgres",
    { databases: { customer_db: { connections: 3 }, airflow_db: {}, datasurface_merge: {} } },
    "postgres.databases.customer_db.connections: given 3",
    "at least 7: 7 ingestion runs read it at once",
  ],
  ["postgres", { databases: {} }, "at least one database"],
  ["postgres", { databases: { 'x"; DROP DATABASE crm': {} } }, "a database's name"],
  ["postgres", { databases: { postgres: {} } }, "other than PostgreSQL's own"],
  ["postgres", { databases: { crm: { extensions: ["a b"] } } }, "the name of an extension"],
  ["minio", { pods: 9, drivesPerPod: 2 }, "at most 16 drives in total"],
  ["minio", { pods: 4, parity: 3 }, "minio.parity", "at most 2, half of the 4 drives of 4 pods"],
  ["minio", { parity: 0 }, "at least 1 with 6 drives"],
  [
    "minio",
    { pods: 1, drivesPerPod: 1 },
    "stays readable after the loss of any node",
    "3 pods of 2 drives, EC:2 keeps",
  ],
  ["minio", { pods: 4, parity: 1 }, "stays readable after the loss of any node"],
  ["minio", { image: "docker.io/pgsty/silo" }, "with a tag or a digest"],
  ["minio", { image: "docker.io/pgsty/silo:latest; reboot" }, "with a tag or a digest"],
  ["minio", { buckets: { My_Bucket: {} } }, "bucket name"],
  ["minio", { applications: { crm: { buckets: ["crm-lost"] } } }, "one of minio.buckets", "crm-documents"],
  ["minio", { applications: { metrics: { buckets: ["crm-temp"] } } }, "an application's name"],
  ["postgres", { databases: { crm: {} } }, "airflow_db as well: Airflow, which runs"],
  ["postgres", { databases: { airflow_db: { connections: 20 } } }, "at least 28: 4 for each of Airflow's 7"],
  ["airflow", { replicas: { triggerer: 0 } }, "at least 1"],
  ["airflow", { slackChannel: "data" }, "a Slack channel, such as #data"],
  ["datasurface", { model: "../elsewhere" }, "a folder within the project"],
  [
    "datasurface",
    { model: "a", repository: { url: "git@example.com:a/b" } },
    "an https address of a git repository",
  ],
  ["datasurface", { model: "a", repository: { url: "https://x:y@example.com/a" } }, "without credentials"],
  ["datasurface", { model: "a", simulator: { changesPerSecond: 0 } }, "more than 0"],
  ["datasurface", { model: "a", simulator: { replicas: -1 } }, "at least 0"],
  ["datasurface", { model: "a", logins: { shop: { user: "u" } } }, "datasurface.logins.shop.hosts"],
  [
    "datasurface",
    { model: "a", logins: { shop: { user: "u", hosts: ["db.example.com"] } } },
    "datasurface.logins.shop.authority",
    "the CA certificates (PEM)",
  ],
  [
    "datasurface",
    { model: "a", logins: { shop: { user: "u", hosts: ["a.b.svc", "db.example.com"], tls: "disable" } } },
    "verify-full for db.example.com:5432, outside of the cluster",
  ],
  [
    "datasurface",
    { model: "a", logins: { shop: { user: "u", hosts: ["db.example.com/x"], tls: "disable" } } },
    "a host name or IPv4 address",
  ],
  ["images", undefined, "images: missing", "a block of settings"],
  ["images.repository", "ghcr.io/acme/trellis:latest", "without a tag"],
  ["images.repository", "ghcr.io/acme/trellis && reboot", "without a tag"],
  ["servers", [], "servers", "no setting of this name at the top"],
];

describe("broken settings", () => {
  const prod = rawSettings("prod");

  it("begin from settings that are right", () => {
    expect(() => parseSettings(prod)).not.toThrow();
  });

  for (const [path, value, ...message] of BROKEN) {
    it(`refuse ${path} = ${JSON.stringify(value)} by name`, () => {
      const error = errorOf(withValue(prod, path, value));

      for (const part of message) expect(error.message).toContain(part);
    });
  }

  it.each([undefined, null, 7, "settings", []])("%j instead of settings is refused", (raw) => {
    expect(errorOf(raw).message).toContain("the settings");
  });

  it("are reported all at once, schema and cross-checks together", () => {
    const raw = withValue(
      withValue(withValue(prod, "domain", "x"), "target.edge", { kind: "haproxy" }),
      "target.servers.0.count",
      2,
    );

    expect(errorOf(raw).problems.map(({ path }) => path.join("."))).toEqual([
      "domain",
      "target.edge.kind",
      "target.servers",
    ]);
  });

  it("never print a control character or an endless value to the terminal", () => {
    const error = errorOf(withValue(prod, "domain", `\u0007\u001b]0;${"x".repeat(10_000)}`));

    expect(error.message.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(400);
  });

  it("ask more of prod than of dev", () => {
    const single = withValue(prod, "target.servers", [{ location: "fsn1", types: ["ccx23"] }]);

    expect(errorOf(single).message).toContain("at least 3 in prod");
    expect(() => parseSettings({ ...single, environment: "dev" })).not.toThrow();
  });
});

function errorOf(raw: unknown): SettingsError {
  try {
    parseSettings(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("the settings were accepted");
}
