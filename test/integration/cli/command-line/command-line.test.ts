import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../../../cli/commands";
import { planProject, temporaryFolder } from "../../../rigs/cli/plan-command";
import { TRELLIS, trellis } from "../../../rigs/cli/trellis";
import { describeWith } from "../../../rigs/programs";

const platform = planProject("platform");

describe("trellis", () => {
  it("lists its commands, and explains each", async () => {
    const { code, stdout, stderr } = await trellis([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const { name, summary } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`^  ${name} +${summary}$`, "m"));

    const { stdout: help } = await trellis(["plan", "--help"]);
    expect(help).toContain("npx trellis plan prod --json");
  });

  it("needs less than 300 ms of a processor for --help", async () => {
    await trellis(["--help"]); // what was not bundled yet, is now
    const timed = `TIMEFORMAT='%U %S'; time '${process.execPath}' '${TRELLIS}' help plan >/dev/null 2>&1`;
    const { stderr } = spawnSync("bash", ["-c", timed], { encoding: "utf8" });
    const seconds = stderr.trim().split(" ").map(Number);
    expect(seconds).toHaveLength(2);
    expect(seconds.reduce((sum, each) => sum + each)).toBeLessThan(0.3);
  });

  it("plans the stack of --stack and of PULUMI_STACK", async () => {
    const out = join(temporaryFolder(), "out");
    const words = ["plan", "--cwd", platform, "--out", out, "--json"];
    const named = await trellis([...words, "--stack", "small"]);
    expect(JSON.parse(named.stdout).stack).toBe("small");
    const ofVariable = await trellis(words, { environment: { PULUMI_STACK: "small" } });
    expect(JSON.parse(ofVariable.stdout).stack).toBe("small");
    const none = await trellis(words, { environment: { PULUMI_STACK: undefined, PULUMI_HOME: "/nowhere" } });
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(none.stderr).toContain(
      "no stack given: name it by --stack or PULUMI_STACK; here are: large, small\n",
    );
  });
});

describeWith(["bash"], "the completion of bash", () => {
  function completed(...words: string[]): string[] {
    const folder = temporaryFolder();
    for (const stack of ["dev", "prod"]) writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
    const script = `
      eval "$('${process.execPath}' '${TRELLIS}' completion bash)"
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _trellis; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", script, "bash", "trellis", ...words], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    return stdout.split("\n").filter(Boolean);
  }

  it("offers commands, flags, stacks and words where they belong", () => {
    expect(completed("")).toEqual(expect.arrayContaining(COMMANDS.map(({ name }) => name)));
    expect(completed("pl")).toEqual(["plan"]);
    expect(completed("plan", "")).toEqual(["dev", "prod"]);
    expect(completed("plan", "--stack", "p")).toEqual(["prod"]);
    expect(completed("plan", "dev", "--co")).toEqual(["--config-file"]);
    expect(completed("completion", "z")).toEqual(["zsh"]);
    expect(completed("help", "doc")).toEqual(["doctor", "docs"]);
  });
});

describeWith(["zsh", "fish"], "the completions of zsh and fish", () => {
  it.each([["zsh"], ["fish"]])("are accepted by %s", (shell) => {
    const { stdout: script } = spawnSync(process.execPath, [TRELLIS, "completion", shell], {
      encoding: "utf8",
    });
    const file = join(temporaryFolder(), "script");
    writeFileSync(file, script);
    const checked = spawnSync(shell, ["-n", file], { encoding: "utf8" });
    expect(checked).toMatchObject({ status: 0, stderr: "" });
  });

  it("offer in fish what bash offers", () => {
    const { stdout: script } = spawnSync(process.execPath, [TRELLIS, "completion", "fish"], {
      encoding: "utf8",
    });
    const folder = temporaryFolder();
    for (const stack of ["dev", "prod"]) writeFileSync(join(folder, `Pulumi.${stack}.yaml`), "");
    const offered = (line: string) =>
      spawnSync("fish", ["--no-config", "-c", `${script}\ncomplete -C '${line}'`], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, HOME: folder },
      }).stdout.replace(/\t.*/g, "");
    expect(offered("trellis pl")).toBe("plan\n");
    expect(offered("trellis plan --co")).toBe("--config-file\n");
    expect(offered("trellis plan ")).toBe("dev\nprod\n");
  });
});

const OWN_MOUNTS = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"];

describeWith(["unshare", "mount"], "a folder that cannot be written", () => {
  it.each([
    [
      "a read-only file system",
      "ro",
      /: the file system is read-only; use a folder that can be written \(EROFS\)\n$/,
    ],
    ["a full disk", "size=16k", /: no space is left on the device; free some and repeat \(ENOSPC\)\n$/],
  ])("is told in one sentence with its path: %s", async (_, option, sentence) => {
    const folder = temporaryFolder();
    const within = [...OWN_MOUNTS, `mount -t tmpfs -o ${option} none '${folder}' && exec "$@"`, "sh"];
    const out = join(folder, "plan");
    const { code, stdout, stderr } = await trellis(["plan", "small", "--cwd", platform, "--out", out], {
      within,
    });
    expect(stderr).toMatch(sentence);
    expect(stderr.split("\n")).toHaveLength(2);
    expect(stderr).toContain(`error  ${folder}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  });
});

describe("trellis clean", () => {
  it("prints its help, and removes nothing without a yes where it cannot ask", async () => {
    const help = await trellis(["clean", "--help"]);
    expect(help.stdout).toContain("npx trellis clean --yes");
    mkdirSync("out", { recursive: true });
    const before = readdirSync("out");

    const { code, stdout, stderr } = await trellis(["clean"]);

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("there is no terminal to ask on. To agree, add --yes.");
    expect(readdirSync("out")).toEqual(before);
  });
});
