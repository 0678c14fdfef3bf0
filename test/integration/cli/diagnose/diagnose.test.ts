import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { untar } from "../../../../components/shared/tar";
import { trellis } from "../../../rigs/cli/trellis";
import { repository } from "../../../rigs/platform/stacks";

/** A password as the program generates it, another one in each run. */
const password = () =>
  randomBytes(40)
    .toString("base64")
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 40);
const key = () =>
  `-----BEGIN EC PRIVATE KEY-----\n${randomBytes(48).toString("base64")}\n${randomBytes(48).toString("base64")}\n-----END EC PRIVATE KEY-----\n`;
const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIRAJ4y\n-----END CERTIFICATE-----\n";

const rain = password();
const SECRETS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "rain-database": {
    url: `postgres://rain_reader_1:${rain}@postgres.postgres.svc:5433/rain`,
    "ca.crt": CERTIFICATE,
  },
  "postgres-passwords": { PATRONI_SUPERUSER_PASSWORD: password(), PATRONI_REPLICATION_PASSWORD: password() },
  "minio-root": { MINIO_ROOT_USER: "trellis-root", MINIO_ROOT_PASSWORD: 'a&b=c "quoted" pass/word' },
  "airflow-logs": { connection: JSON.stringify({ login: "trellis-airflow", password: password() }) },
  "alertmanager-configuration": {
    "alertmanager.yaml": `receivers:\n  - url: https://hooks.example.org/${password()}\n`,
  },
  "postgres-certificate": { "tls.crt": CERTIFICATE, "tls.key": key() },
  hcloud: { token: password(), network: "trellis" },
};
const values = Object.values(SECRETS).flatMap((entries) => Object.values(entries));

/** What no file of the archive may have: each secret, and the forms that logs and objects show. */
const forbidden = [
  ...values.filter((value) => value !== CERTIFICATE && value !== "trellis-root" && value !== "trellis"),
  rain,
  JSON.parse(SECRETS["airflow-logs"]?.connection ?? "").password,
  ...(SECRETS["postgres-certificate"]?.["tls.key"]?.split("\n").slice(1, 3) ?? []),
].flatMap((value) => [
  value,
  Buffer.from(value).toString("base64"),
  encodeURIComponent(value),
  JSON.stringify(value).slice(1, -1),
]);
const NAMES = [
  "ubuntu-16gb-fsn1-1",
  "ubuntu-16gb-nbg1-1",
  "someone@customer.example.net",
  "dev.example.com",
  "5.75.130.17",
];
const token = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"role":"anon"}').toString("base64url")}.${randomBytes(32).toString("base64url")}`;

/** Secrets that only the stack has, as the Pulumi CLI tells them. */
const [GIT_TOKEN, OUTPUT, ENCRYPTED, SALT] = [password(), password(), password(), password()];
const PULUMI = `#!/bin/sh
cd "$(dirname "$0")"
case "$*" in
  config*) cat config.json ;;
  "stack output --show-secrets"*) cat shown.json ;;
  "stack output"*) cat hidden.json ;;
  *) echo v3.248.0 ;;
esac
`;

const LOG = [
  `cloned with ${GIT_TOKEN}, stored with ${OUTPUT}, for dev.example.com`,
  ...forbidden,
  `login of trellis-root at 5.75.130.17 from ubuntu-16gb-fsn1-1, pod 10.42.1.7`,
  `connect postgres://other:${"Zy".repeat(6)}@10.0.0.7:5432/x failed for someone@customer.example.net`,
  `Authorization: Bearer ${token}`,
  `{"password": "not-a-secret-of-the-cluster", "secretName": "rain-database"}`,
  "",
].join("\n");

const pod = (name: string, restartCount = 0) => ({
  metadata: { name, namespace: "rain-tracker", managedFields: [{ manager: "pulumi" }] },
  spec: {
    nodeName: "ubuntu-16gb-fsn1-1",
    containers: [
      {
        name: "api",
        env: [
          { name: "ADMIN_PASSWORD", value: "swordfish" },
          { name: "PORT", value: "8080" },
        ],
      },
    ],
  },
  status: { containerStatuses: [{ name: "api", restartCount }] },
});

describe("trellis diagnose", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-diagnose-"));
  const archive = join(folder, "archive.tar.gz");
  const run = (...words: string[]) =>
    trellis(["diagnose", "--stack", "dev", "--kubeconfig", "unused", "--out", archive, ...words], {
      cwd: folder,
      environment: { PATH: `${folder}:${process.env.PATH}`, STAND_IN_CLUSTER: join(folder, "cluster.json") },
    });
  let files: Map<string, string>;
  beforeAll(() => {
    symlinkSync(join(repository, "test/rigs/operations/kubectl-of-cluster.mjs"), join(folder, "kubectl"));
    const secrets = Object.entries(SECRETS).map(([name, entries]) => ({
      metadata: { name, namespace: "rain-tracker" },
      type: "Opaque",
      data: Object.fromEntries(
        Object.entries(entries).map(([entry, value]) => [entry, Buffer.from(value).toString("base64")]),
      ),
    }));
    const objects = {
      secrets,
      pods: [pod("rain-api-1"), pod("rain-metrics-1", 2), pod("gone-1")],
      nodes: ["ubuntu-16gb-fsn1-1", "ubuntu-16gb-nbg1-1"].map((name) => ({ metadata: { name } })),
      events: [{ message: `Failed: url ${SECRETS["rain-database"]?.url} on ubuntu-16gb-nbg1-1` }],
    };
    const logs = { "rain-api-1": LOG, "rain-metrics-1": "started\n" };
    const settings = readFileSync(join(repository, "Pulumi.dev.yaml"), "utf8");
    writeFileSync(join(folder, "Pulumi.yaml"), "name: trellis\nmain: index.ts\n");
    writeFileSync(
      join(folder, "Pulumi.dev.yaml"),
      `encryptionsalt: v1:${SALT}\n${settings}  trellis:gitToken:\n    secure: v1:${ENCRYPTED}\n`,
    );
    const config = { "trellis:gitToken": { value: GIT_TOKEN, secret: true } };
    const answers = {
      hidden: { api: "https://api", minio: { root: "[secret]" } },
      shown: { api: "https://api", minio: { root: OUTPUT } },
    };
    for (const [name, value] of Object.entries({ config, ...answers }))
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(value));
    writeFileSync(join(folder, "pulumi"), PULUMI, { mode: 0o755 });
    writeFileSync(
      join(folder, "cluster.json"),
      JSON.stringify({ objects, logs, previous: { "rain-metrics-1": `panic: ${rain}\n` } }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("lists what it would write, and writes nothing before somebody agrees", async () => {
    const { code, stdout, stderr } = await run();

    expect(code).toBe(1);
    expect(stdout).toMatch(/^ +\d+ {2}states\/pods\.json$/m);
    expect(stdout).toMatch(/^ +\d+ {2}logs\/rain-tracker\/rain-api-1\.log$/m);
    expect(stdout).toMatch(/^ +\d+ {2}bytes in \d+ files; secrets, .* are masked$/m);
    expect(stderr).toContain("there is no terminal to ask on. To agree, add --yes");
    expect(existsSync(archive)).toBe(false);
  });

  it("writes an archive for the user alone, with the states, events, logs and versions", async () => {
    const { code, stdout } = await run("--yes");

    expect(code).toBe(0);
    expect(stdout).toContain(`wrote ${archive}\n`);
    expect(statSync(archive).mode & 0o777).toBe(0o600);
    files = untar(gunzipSync(readFileSync(archive)));
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        ...["events.json", "versions.txt", "states/nodes.json", "states/pods.json", "states/secrets.txt"],
        ...["logs/rain-tracker/rain-api-1.log", "logs/rain-tracker/rain-metrics-1.previous.log"],
        ...["logs/rain-tracker/gone-1.log.error", "configuration/Pulumi.dev.yaml"],
      ]),
    );
    expect(files.get("versions.txt")).toMatch(
      /pulumi\n {2}v3\.248\.0\nkubernetes\n {2}Server Version: v1\.34\.1\+k3s1\n/,
    );
    expect(files.get("configuration/Pulumi.dev.yaml")).toContain("environment: dev");
    expect(files.get("states/secrets.txt")).toContain("rain-tracker/hcloud\tOpaque\ttoken,network");
  });

  it("has no secret of the cluster in any form, and no name of a server, an owner or an address", () => {
    const all = [...files].map(([path, text]) => `${path}\n${text}`).join("\n");

    expect(forbidden.length).toBeGreaterThan(40);
    for (const text of [
      ...forbidden,
      ...NAMES,
      token,
      "Zy".repeat(6),
      "swordfish",
      "not-a-secret-of-the-cluster",
    ])
      expect(all.includes(text), text).toBe(false);
  });

  it("keeps what helps: which secret it was, the same server everywhere, private addresses, names of objects", () => {
    const log = files.get("logs/rain-tracker/rain-api-1.log") ?? "";

    expect(log).toContain("<secret:rain-tracker/hcloud.token>");
    expect(log).toContain("login of trellis-root at <address:1> from <server:1>, pod 10.42.1.7");
    expect(log).toContain('"secretName": "rain-database"');
    expect(files.get("events.json")).toContain("on <server:2>");
    expect(files.get("states/pods.json")).toContain('"nodeName": "<server:1>"');
    expect(files.get("states/pods.json")).not.toContain("managedFields");
  });
});
