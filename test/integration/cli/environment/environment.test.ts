import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trellis } from "../../../rigs/cli/trellis";

const KUBECONFIG = 'apiVersion: v1\nusers:\n- password: it\'s $HOME and `date` \\ "quoted"\n';
const DEV = {
  kubeconfig: KUBECONFIG,
  endpoints: { api: "https://192.0.2.1:6443", crm: null },
  snapshotKey: "a-secret-of-dev",
  dns: ["a.example.com", "b.example.com"],
  firstBoots: { "ubuntu-8gb-fsn1-1": { userData: "all-keys-of-a-server" } },
};

describe("trellis env", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-env-"));
  const file = join(folder, ".env.local");
  beforeAll(() => {
    writeFileSync(join(folder, "Pulumi.yaml"), "name: trellis\n");
    for (const stack of ["dev", "prod"]) writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
    answer("dev", DEV);
    answer("prod", { snapshotKey: "a-secret-of-prod" });
    // A stand-in for Pulumi's CLI: it prints the outputs of a stack from a file, for exactly these words.
    writeFileSync(
      join(folder, "pulumi"),
      `#!/bin/sh
[ "$*" = "stack output --json --show-secrets --stack $6 --non-interactive" ] || { echo "error: not these words: $*" >&2; exit 1; }
[ -f "outputs-$6.json" ] || { echo "error: no stack named '$6' found" >&2; exit 255; }
cat "outputs-$6.json"
`,
    );
    chmodSync(join(folder, "pulumi"), 0o755);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const answer = (stack: string, outputs: unknown) =>
    writeFileSync(join(folder, `outputs-${stack}.json`), JSON.stringify(outputs));
  const env = (...words: string[]) =>
    trellis(["env", ...words], {
      cwd: folder,
      environment: {
        PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
        PULUMI_STACK: undefined,
        PULUMI_HOME: folder,
      },
    });
  const said = async (...words: string[]) => JSON.parse((await env(...words, "--json")).stdout);

  it("writes a stack's outputs where only their owner reads them, and shows names without values", async () => {
    const { code, stdout, stderr } = await env("pull", "dev");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("+ TRELLIS_SNAPSHOT_KEY  (15 characters)\n");
    expect(stdout).not.toContain("a-secret");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain("all-keys-of-a-server");
    const read = execFileSync("sh", ["-c", "set -a; . ./.env.local; exec env -0"], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(read.split("\0")).toEqual(
      expect.arrayContaining([
        "PULUMI_STACK=dev",
        `TRELLIS_KUBECONFIG=${KUBECONFIG}`,
        "TRELLIS_ENDPOINTS_API=https://192.0.2.1:6443",
        'TRELLIS_DNS=["a.example.com","b.example.com"]',
      ]),
    );
    expect(read).not.toContain("TRELLIS_ENDPOINTS_CRM");
    const ignored = spawnSync("git", ["check-ignore", ".env.local", ".env.local.20260101T000000.000Z"]);
    expect(ignored.status).toBe(0);
  });

  it("tells the stack of the file, and what has changed since", async () => {
    expect(await said("list")).toEqual([
      { name: "dev", current: true },
      { name: "prod", current: false },
    ]);
    expect(await said("status")).toMatchObject({ state: "own", stack: "dev", variables: 5, secret: true });
    expect((await env("diff")).code).toBe(0);

    answer("dev", { ...DEV, snapshotKey: "another-secret" });
    const { code, stdout } = await env("diff");
    expect({ code, stdout }).toEqual({ code: 3, stdout: "~ TRELLIS_SNAPSHOT_KEY  (14 characters)\n" });
  });

  it("keeps the five files before the last one, and changes the stack only by switch", async () => {
    const refused = await env("pull", "prod");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("is of the stack dev; to replace it: trellis env switch prod");
    for (const stack of ["prod", "dev", "prod", "dev", "prod", "dev", "prod"]) await env("switch", stack);

    expect(readFileSync(file, "utf8")).toContain("TRELLIS_SNAPSHOT_KEY='a-secret-of-prod'");
    const backups = readdirSync(folder).filter((name) => name.startsWith(".env.local."));
    expect(backups).toHaveLength(5);
    for (const backup of backups) expect(statSync(join(folder, backup)).mode & 0o777).toBe(0o600);
  });

  it("never overwrites what it did not write, nor writes anything when Pulumi fails", async () => {
    const before = readFileSync(file, "utf8");
    const unknown = await env("switch", "moon");
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain("no stack named 'moon' found");
    expect(readFileSync(file, "utf8")).toBe(before);

    for (const [text, why] of [
      ["MINE=1\n", "it was not written by trellis env"],
      [`${before}MINE=1\n`, "it was edited after trellis env wrote it"],
    ] as const) {
      writeFileSync(file, text);
      const { code, stderr } = await env("switch", "dev");
      expect(code).toBe(1);
      expect(stderr).toContain(`is kept: ${why}. Move it away, and repeat the command.`);
      expect(readFileSync(file, "utf8")).toBe(text);
    }
  });
});
