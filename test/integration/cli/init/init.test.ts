import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../../../rigs/cli/plan-command";
import { TRELLIS, trellis } from "../../../rigs/cli/trellis";
import { describeWith, program } from "../../../rigs/programs";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKw3n0Hn3Z9vKJXj0sVrHrHQNsd06BTvYWcgAbKu5i3s";
const NOBODY = { HOME: "/nowhere", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };

/** A folder with a project and a public key in it, and no stack. */
function project(): { folder: string; stack: (name: string) => string; key: string } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "Pulumi.yaml"), "name: trellis\nruntime: nodejs\n");
  const key = join(folder, "id.pub");
  writeFileSync(key, `${KEY} A Person at Work\n`);
  return { folder, stack: (name) => join(folder, `Pulumi.${name}.yaml`), key };
}

describe("trellis init without a terminal", () => {
  it("writes the file from flags, which then is never overwritten", async () => {
    const { folder, stack, key } = project();
    const words = ["init", "acme", "--cwd", folder, "--domain", "data.acme.org", "--from", "198.18.7.1"];
    const flags = ["--ssh-key", key, "--images", "ghcr.io/acme/trellis", "--environment", "prod"];
    const written = await trellis([...words, ...flags], { environment: NOBODY });
    expect(written, written.stderr).toMatchObject({ code: 0, stderr: "" });
    expect(written.stdout).toContain("Pulumi.acme.yaml is written");
    expect(written.stdout).toContain("pulumi config set --secret trellis:hcloudToken");
    const file = readFileSync(stack("acme"), "utf8");
    expect(file).toContain(`publicKey: ${KEY} A\n`);
    expect(file).toContain("from: [198.18.7.1/32]");
    expect(file).toContain("contact: ops@data.acme.org");

    const again = await trellis([...words, ...flags, "--zone", "us-east"], { environment: NOBODY });
    expect(again).toMatchObject({ code: 1, stdout: "" });
    expect(again.stderr).toContain("Pulumi.acme.yaml exists, and nothing is overwritten");
    expect(readFileSync(stack("acme"), "utf8")).toBe(file);
  });

  it("names every flag that is missing or wrong at once, repeats no private key, and writes nothing", async () => {
    const { folder, stack } = project();
    const secret = join(folder, "id");
    writeFileSync(secret, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n");
    const flags = ["--cwd", folder, "--ssh-key", secret, "--zone", "mars", "--from", "10.0.0.1/8"];
    const { code, stdout, stderr } = await trellis(["init", ...flags], { environment: NOBODY });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/--zone: wrong; allowed: one of eu-central, us-east, us-west, ap-southeast\n/);
    expect(stderr).toMatch(/--domain: missing; .*\n +--ssh-key: wrong; .* this is the private one\n/);
    expect(stderr).toMatch(/--from: wrong; .*\n +--images: missing; /);
    expect(stderr).not.toContain("b3Blbn");
    expect(existsSync(stack("dev"))).toBe(false);
  });
});

describeWith(["script"], "trellis init at a terminal", () => {
  /** Types one line at each prompt. Ctrl-D where the lines end. */
  async function typed(folder: string, lines: readonly string[]) {
    const command = `'${process.execPath}' '${TRELLIS}' init --cwd '${folder}'`;
    const child = spawn(program("script"), ["--quiet", "--return", "--command", command, "/dev/null"], {
      env: { ...process.env, ...NOBODY, NO_COLOR: "1", SHELL: "/bin/sh" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const left = [...lines];
    let text = "";
    let seen = 0;
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const prompts = text.split("> \u001b[").length - 1; // readline places the cursor behind a prompt
      if (prompts <= seen) return;
      seen = prompts;
      child.stdin.write(left.length > 0 ? `${left.shift()}\n` : "\u0004");
    });
    const code = await new Promise<number | null>((end, fail) => child.on("error", fail).on("close", end));
    return { code, text };
  }

  it("asks six questions, again where an answer does not fit, and takes Enter for the usual one", async () => {
    const { folder, stack, key } = project();
    const lines = ["", "us-west", "Nonsense", "data.acme.org", key, "198.18.7.0/24", "ghcr.io/acme/trellis"];
    const { code, text } = await typed(folder, lines);
    expect(code, text).toBe(0);
    expect(text.match(/^[A-Z].*\?\r?$/gm)).toHaveLength(6);
    expect(text).toContain("no  allowed: a lower-case domain name");
    expect(readFileSync(stack("dev"), "utf8")).toMatch(/environment: dev[\s\S]*location: hil/);
  });

  it("writes nothing where the answers end", async () => {
    const { folder, stack } = project();
    const { code, text } = await typed(folder, ["prod"]);
    expect(code).toBe(1);
    expect(text).toContain("nothing was written: the questions were not answered");
    expect(existsSync(stack("prod"))).toBe(false);
  });
});
