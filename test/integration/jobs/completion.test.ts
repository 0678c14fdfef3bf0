import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledJobs } from "../../rigs/jobs/bundled";
import { runJob } from "../../rigs/jobs/run-job";
import { describeWith, program } from "../../rigs/programs";

const run = promisify(execFile);

describe("completion of jobs", () => {
  it("says which shells there are", async () => {
    const { exitCode, stderr } = await runJob(["completion", "powershell"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("allowed: bash, zsh, fish");
  });

  it("is mentioned where one looks", async () => {
    expect((await runJob(["--help"])).stdout).toContain("jobs completion bash");
  });
});

describeWith(["bash", "zsh", "fish"], "completion of jobs in the shell itself", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-completion-"));
  beforeAll(async () => {
    const jobs = await bundledJobs();
    for (const shell of ["bash", "zsh", "fish"]) {
      const { stdout } = await run(process.execPath, [jobs, "completion", shell]);
      writeFileSync(join(folder, shell), stdout);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** What the shell offers for the last of the words. */
  const offered: Record<string, (...words: string[]) => Promise<string[]>> = {
    bash: async (...words) => {
      const script = `source ${folder}/bash; COMP_WORDS=(jobs ${words.map((word) => `'${word}'`).join(" ")})
        COMP_CWORD=${words.length}; _jobs 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return lines((await run(program("bash"), ["-c", script])).stdout);
    },
    zsh: async (...words) => {
      const script = `source ${folder}/zsh; words=(jobs ${words.map((word) => `'${word}'`).join(" ")})
        COMP_WORDS=("\${words[@]}"); COMP_CWORD=${words.length}
        emulate -L sh; setopt kshglob; _jobs 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
      // What does not begin with the word, zsh leaves out itself when it shows them.
      const { stdout } = await run(program("zsh"), ["-f", "-c", script]);
      return lines(stdout).filter((line) => line.startsWith(words.at(-1) ?? ""));
    },
    fish: async (...words) => {
      const script = `source ${folder}/fish; complete -C 'jobs ${words.join(" ")}'`;
      const { stdout } = await run(program("fish"), ["--no-config", "-c", script], { env: { HOME: folder } });
      return lines(stdout).map((line) => line.split("\t")[0] ?? "");
    },
  };

  describe.each(Object.entries(offered))("%s", (_, offers) => {
    it("offers domains", async () => {
      expect(await offers("da")).toEqual(["datasurface"]);
      expect(await offers("")).toEqual(expect.arrayContaining(["backup", "completion", "postgres", "rain"]));
    });

    it("offers the verbs of a domain, and no others", async () => {
      expect(await offers("backup", "re")).toEqual(["restore"]);
      expect(await offers("rain", "")).not.toContain("restore");
    });

    it("offers the flags of a verb", async () => {
      expect(await offers("backup", "prune", "--ret")).toEqual(["--retention-days"]);
    });
  });
});

const lines = (text: string) => text.split("\n").filter(Boolean);
