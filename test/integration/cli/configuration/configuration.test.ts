import { execFile, execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { open } from "../../../../cli/configuration/open";
import { save } from "../../../../cli/configuration/save";
import {
  MemoryStorage,
  type ObjectStoreServer,
  objectStore,
  serveObjects,
  serverIdentity,
} from "../../../../cli/start/services";
import { UserError } from "../../../../components/shared/user-error";
import { opensshKeyPair } from "../../../rigs/engine/stand-ins/openssh";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";
import { describeWith, program } from "../../../rigs/programs";

/** How a state marks a secret that is not encrypted yet. */
const secret = (value: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

describeWith(["pulumi", "age", "git"], "npm run backup-configuration", () => {
  const root = mkdtempSync(join(tmpdir(), "trellis-configuration-"));
  const at = (...names: string[]) => join(root, ...names);
  const identity = serverIdentity();
  const keys = { region: "us-east-1", accessKey: "OFFSITE", secretKey: 'a "strange" \\ key' };
  const storage = new MemoryStorage("offsite-bucket");
  const { privateKeyOpenssh } = opensshKeyPair(generateKeyPairSync("ed25519").privateKey);
  let offsite: ObjectStoreServer;

  const environment = (backend: string, programs = process.env.PATH): Record<string, string> => ({
    ...{ HOME: root, PULUMI_HOME: at("home"), NO_COLOR: "1", PULUMI_SKIP_UPDATE_CHECK: "1" },
    PATH: [dirname(program("pulumi")), programs].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(at(backend)).href,
    PULUMI_CONFIG_PASSPHRASE: "the passphrase of a stack that lives for one test",
    NODE_EXTRA_CA_CERTS: at("authority.pem"),
  });
  const run = (name: string, words: readonly string[], cwd: string, backend = "backend") =>
    execFileSync(name, words, {
      cwd,
      env: environment(backend),
      encoding: "utf8",
      stdio: "pipe",
      maxBuffer: 2 ** 26,
    });
  const resources = (backend: string, work: string): unknown =>
    JSON.parse(run("pulumi", ["stack", "export", "--stack", "prod", "--show-secrets"], work, backend))
      .deployment.resources;

  /** The command in a process of its own, while this one serves the storage. */
  const backup = (words: readonly string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((finish) => {
      const command = ["cli/trellis.mjs", "backup-configuration", ...words];
      execFile(
        process.execPath,
        command,
        { env: { ...environment("backend"), ...env } },
        (error, stdout, stderr) => finish({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });
  /** The same in this process, which is quicker. */
  const within = (env: Record<string, string> = {}) => {
    vi.unstubAllEnvs();
    for (const [name, value] of Object.entries({ ...environment("backend"), ...env }))
      vi.stubEnv(name, value);
  };
  const saving = (...words: string[]) => ["--stack", "prod", "--cwd", at("work"), ...words];

  beforeAll(async () => {
    for (const folder of ["home", "backend", "work", "files"]) mkdirSync(at(folder));
    writeFileSync(at("authority.pem"), identity.authority);
    writeFileSync(at("key"), privateKeyOpenssh, { mode: 0o600 });
    offsite = await serveObjects(
      objectStore({ storage, accesses: [{ ...keys, buckets: new Set(["offsite-bucket"]) }] }),
      identity,
    );
    const endpoint = `https://127.0.0.1:${offsite.port}`;
    const settings = withValue(rawSettings("prod"), "offsite", {
      endpoint,
      region: keys.region,
      bucket: "offsite-bucket",
    });
    writeFileSync(at("work", "Pulumi.yaml"), "name: trellis\nruntime: nodejs\n");
    writeFileSync(at("work", "Pulumi.prod.yaml"), stringify({ config: { "trellis:settings": settings } }));
    run("pulumi", ["stack", "init", "prod"], at("work"));
    for (const [name, value] of [
      ["offsiteAccessKey", keys.accessKey],
      ["offsiteSecretKey", keys.secretKey],
    ] as const)
      run("pulumi", ["config", "set", "--stack", "prod", "--secret", `trellis:${name}`, value], at("work"));
    run("git", ["init", "--quiet"], at("work"));
    run("git", ["add", "."], at("work"));
    const author = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
    run("git", [...author, "commit", "--quiet", "--message", "stack"], at("work"));

    const empty = JSON.parse(run("pulumi", ["stack", "export", "--stack", "prod"], at("work")));
    const type = "pulumi:pulumi:Stack";
    const outputs = {
      ...{ snapshotKey: secret(privateKeyOpenssh), password: secret("correct horse") },
      endpoints: "x".repeat(2 ** 21), // more than a pipe, or a buffer of Node's, holds by itself
    };
    empty.deployment.resources = [
      { urn: `urn:pulumi:prod::trellis::${type}::trellis-prod`, custom: false, type, outputs },
    ];
    writeFileSync(at("deployment.json"), JSON.stringify(empty));
    run("pulumi", ["stack", "import", "--stack", "prod", "--file", at("deployment.json")], at("work"));
  });

  afterEach(() => vi.unstubAllEnvs());

  afterAll(async () => {
    await offsite?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it("brings a stack back where nothing but the saved file, the key and the passphrase are left", async () => {
    const file = at("files", "saved.age");
    expect(await backup(saving("--out", file))).toMatchObject({
      code: 0,
      stderr: "",
      stdout: expect.stringContaining(file),
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const opened = await backup(["--open", file, "--identity", at("key"), "--into", at("opened")]);
    expect(opened).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(at("opened")).sort()).toEqual([
      "Pulumi.prod.yaml",
      "Pulumi.yaml",
      "manifest.json",
      "state.json",
    ]);
    expect(JSON.parse(readFileSync(at("opened", "manifest.json"), "utf8"))).toMatchObject({
      ...{ stack: "prod", dirty: false, commit: run("git", ["rev-parse", "HEAD"], at("work")).trim() },
    });
    const written = readdirSync(at("opened"))
      .map((name) => readFileSync(at("opened", name), "utf8"))
      .join();
    for (const clear of ["correct horse", "OPENSSH", "strange"]) expect(written).not.toContain(clear);

    for (const folder of ["new-backend", "new-work"]) mkdirSync(at(folder));
    for (const name of ["Pulumi.yaml", "Pulumi.prod.yaml"])
      copyFileSync(at("opened", name), at("new-work", name));
    run("pulumi", ["stack", "init", "prod"], at("new-work"), "new-backend");
    const [command = ""] = /pulumi stack import .*/.exec(opened.stdout) ?? [];
    run("sh", ["-c", command], at("new-work"), "new-backend");
    expect(resources("new-backend", at("new-work"))).toEqual(resources("backend", at("work")));
  });

  it("keeps it in the bucket off the cluster, beside the other backups", async () => {
    expect(await backup(saving())).toMatchObject({ code: 0, stderr: "" });
    const [stored, ...others] = [...storage.objects];
    expect(others).toEqual([]);
    expect(stored?.[0]).toMatch(/^trellis\/configuration\/configuration_\d{8}_\d{6}\.tar\.gz\.age$/);

    const refused = await backup(saving(), {
      OFFSITE_ACCESS_KEY_ID: "OFFSITE",
      OFFSITE_SECRET_ACCESS_KEY: "wrong",
    });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining("the secret key is wrong") });
    expect(storage.objects.size).toBe(1);
  });

  it("opens with its own key alone, only undamaged, and not among other files", async () => {
    mkdirSync(at("damaged"));
    const file = at("damaged", "saved.age");
    within();
    await save({ stack: "prod", cwd: at("work"), out: file });
    const other = opensshKeyPair(generateKeyPairSync("ed25519").privateKey);
    writeFileSync(at("other"), other.privateKeyOpenssh, { mode: 0o600 });
    const into = at("damaged", "opened");
    expect(() => open({ open: file, identity: at("other"), into })).toThrow(/is not the key that/);

    const whole = readFileSync(file);
    const damaged = at("damaged", "damaged.age");
    for (let position = 0; position < whole.length; position += Math.ceil(whole.length / 40)) {
      writeFileSync(damaged, whole.with(position, (whole[position] ?? 0) ^ 1));
      expect(() => open({ open: damaged, identity: at("key"), into }), `byte ${position}`).toThrow(UserError);
    }
    writeFileSync(damaged, whole.subarray(0, -1));
    expect(() => open({ open: damaged, identity: at("key"), into })).toThrow(
      /cannot be decrypted; the file is damaged/,
    );
    expect(() => open({ open: file, identity: at("key"), into: at("work") })).toThrow(/is not empty/);
    expect(readdirSync(at("damaged")).sort()).toEqual(["damaged.age", "saved.age"]);
  });

  it("says what is missing, and leaves nothing half-written", async () => {
    const only = (...programs: string[]) => {
      const folder = mkdtempSync(at("programs-"));
      for (const name of programs) symlinkSync(program(name), join(folder, name));
      return { PATH: folder };
    };
    const out = at("files", "never.age");
    writeFileSync(
      at("work", "Pulumi.local.yaml"),
      stringify({ config: { "trellis:settings": rawSettings("dev") } }),
    );
    for (const [flags, message, env] of [
      [{ stack: "lost", out }, /no file Pulumi\.lost\.yaml .*existing stacks: local, prod/],
      [{ stack: "local", out }, /no stack named 'local' found/],
      [{ stack: "local" }, /Pulumi\.local\.yaml has no `offsite`/],
      [{ stack: "prod", out }, /pulumi is not on the PATH/, only("age", "git")],
      [{ stack: "prod", out }, /age is not on the PATH/, only("pulumi", "git")],
      [{ stack: "prod", out }, /passphrase/, { PULUMI_CONFIG_PASSPHRASE: "another" }],
      [{ stack: "prod", out: at("files", "none", "saved.age") }, /none\/saved\.age cannot be written/],
    ] as const) {
      within(env);
      const refusal: unknown = await save({ ...flags, cwd: at("work") }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(UserError);
      expect(String(refusal)).toMatch(message);
    }
    const { code, stdout } = await backup(["--help"]);
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("Usage: npx trellis backup-configuration"),
    });
    expect((await backup([])).code).toBe(2);
    expect(readdirSync(at("files")).filter((name) => /never|part/.test(name))).toEqual([]);
  });
});
