import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { stringify } from "yaml";
import { fetchModel } from "../../../../../jobs/datasurface/model";
import { createLogger } from "../../../../../jobs/shared";
import { ecosystemOf, writeModel } from "../../../../rigs/datasurface/datasurface";
import { describeWith } from "../../../../rigs/programs";

const log = createLogger({}, { LOG_LEVEL: "silent" });
const SPEC = ecosystemOf({ Store1: { datasets: { people: [{ name: "id", type: "integer", key: true }] } } });

let repository: string;
let cache: string;
const git = (...words: string[]) =>
  execFileSync("git", ["-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", ...words], {
    stdio: "pipe",
  });

const commit = (name: string) => {
  writeFileSync(join(repository, "model.yaml"), stringify({ ...SPEC.ecosystem, ecosystem: name }));
  git("add", ".");
  git("commit", "-qm", name);
};
const source = (rest: Partial<Parameters<typeof fetchModel>[0]> = {}) => ({
  model: undefined,
  repository,
  branch: "main",
  cache,
  maxCacheAge: 5,
  token: undefined,
  ...rest,
});
const name = async (rest: Parameters<typeof source>[0] = {}) =>
  (await fetchModel(source(rest), log)).ecosystem.ecosystem;
const folder = () => join(cache, readdirSync(cache)[0] ?? "");
/** The commits that are in the cache, and whatever else a run has left there. */
const clones = () => readdirSync(folder()).filter((each) => each !== "current.json");

/** Moves the moment at which the repository was last asked. */
function checkedLater(milliseconds: number): void {
  const path = join(folder(), "current.json");
  const current = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify({ ...current, checkedAt: current.checkedAt + milliseconds }));
}

describeWith(["git"], "a model in a repository", () => {
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "trellis-cache-"));
    repository = writeModel(SPEC);
    git("init", "-q", "-b", "main");
    commit("First");
  });
  afterEach(() => {
    rmSync(cache, { recursive: true, force: true });
    rmSync(repository, { recursive: true, force: true });
  });

  it("is cloned, and used without asking while the clone is young", async () => {
    expect(await name()).toBe("First");
    commit("Second");
    expect(await name()).toBe("First");
    expect(clones()).toHaveLength(1);
  });

  it("is cloned again when the branch has moved, and only then", async () => {
    expect(await name({ maxCacheAge: 0 })).toBe("First");
    expect(await name({ maxCacheAge: 0 })).toBe("First");
    expect(clones()).toHaveLength(1);
    commit("Second");
    utimesSync(join(folder(), clones()[0] ?? ""), 0, 0);
    expect(await name({ maxCacheAge: 0 })).toBe("Second");
    expect(clones()).toEqual([git("rev-parse", "HEAD").toString().trim()]);
  });

  it("serves from the cache when the repository is out of reach", async () => {
    expect(await name()).toBe("First");
    renameSync(repository, `${repository}-away`);
    expect(await name({ maxCacheAge: 0 })).toBe("First");
    renameSync(`${repository}-away`, repository);
  });

  it("is refused by name when the branch does not exist, and leaves no half clone", async () => {
    await expect(name({ branch: "nowhere" })).rejects.toThrow("the model's repository cannot be read");
    expect(clones()).toEqual([]);
  });

  it("shows its token to the server alone: not in arguments, not in errors", async () => {
    const token = "ghp_a_very_secret_token";
    const seen: IncomingMessage["headers"][] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      response.writeHead(403).end(`no entry for ${request.headers.authorization}`);
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo; // it listens on a port
    const failure = await name({ repository: `http://127.0.0.1:${port}/model.git`, token }).catch(
      (error: Error) => error.message,
    );
    await new Promise((closed) => server.close(closed));

    const encoded = Buffer.from(`x-access-token:${token}`).toString("base64");
    expect(seen[0]?.authorization).toBe(`Basic ${encoded}`);
    expect(failure).toContain("cannot be read");
    expect(failure).not.toContain(token);
    expect(failure).not.toContain(encoded);
  });

  it("is asked for again when the clock of its clone was ahead", async () => {
    expect(await name()).toBe("First");
    commit("Second");
    checkedLater(1_000_000_000_000);
    expect(await name()).toBe("Second");
    commit("Third");
    checkedLater(-6 * 60_000);
    expect(await name()).toBe("Third");
  });

  it("is cloned anew where the cache is damaged, or another repository's", async () => {
    expect(await name()).toBe("First");
    commit("Second");
    writeFileSync(join(folder(), "current.json"), "{");
    expect(await name()).toBe("Second");
    commit("Third");
    const path = join(folder(), "current.json");
    writeFileSync(
      path,
      JSON.stringify({ ...JSON.parse(readFileSync(path, "utf8")), repository: "/another" }),
    );
    expect(await name()).toBe("Third");
  });

  it.each([
    [
      ["x/y", "main"],
      ["x-y", "main"],
    ],
    [
      ["x", "f/one"],
      ["x", "f-one"],
    ],
  ])("is never another one's: %j and %j", async (...both) => {
    const parent = repository;
    const models: Record<string, string> = {};
    for (const [path = "", branch = ""] of both) {
      repository = join(parent, "many", path);
      if (!existsSync(repository)) {
        mkdirSync(repository, { recursive: true });
        git("init", "-q", "-b", branch);
      } else git("checkout", "-qb", branch);
      commit(`Model${Object.keys(models).length}`);
      models[`Model${Object.keys(models).length}`] = await name({ branch });
    }
    repository = parent;
    expect(models).toEqual({ Model0: "Model0", Model1: "Model1" });
    expect(readdirSync(cache)).toHaveLength(2);
  });

  describe("whose writer attacks", () => {
    it("is refused as a link, and nothing of the target is told", async () => {
      rmSync(join(repository, "model.yaml"));
      symlinkSync("/proc/self/environ", join(repository, "model.yaml"));
      git("add", ".");
      git("commit", "-qm", "a link");
      const failure = await name().catch((error: Error) => error.message);
      expect(failure).toMatch(/model\.yaml is a symbolic link in the model's repository/);
      expect(clones()).toEqual([]);
    });

    it("is refused at a later commit too, and the cache does not hide it", async () => {
      expect(await name()).toBe("First");
      rmSync(join(repository, "model.yaml"));
      symlinkSync("/proc/self/environ", join(repository, "model.yaml"));
      git("commit", "-qam", "a link");
      await expect(name({ maxCacheAge: 0 })).rejects.toThrow("is a symbolic link");
    });

    it("is refused as a folder, as a submodule and beyond a megabyte", async () => {
      writeFileSync(join(repository, "model.yaml"), "#".repeat(2 ** 20 + 1));
      git("commit", "-qam", "a large one");
      await expect(name()).rejects.toThrow("has 1048577 bytes; allowed: 1048576");

      rmSync(join(repository, "model.yaml"));
      mkdirSync(join(repository, "model.yaml"));
      writeFileSync(join(repository, "model.yaml", "x"), "");
      git("add", ".");
      git("commit", "-qm", "a folder");
      await expect(name()).rejects.toThrow("is not a regular file");

      git("rm", "-rq", "model.yaml");
      git(
        "update-index",
        "--add",
        "--cacheinfo",
        `160000,${git("rev-parse", "HEAD").toString().trim()},model.yaml`,
      );
      git("commit", "-qm", "a submodule");
      await expect(name()).rejects.toThrow("is not a regular file");
    });

    it("runs none of its programs, and nothing of its tree becomes a file", async () => {
      const trace = join(cache, "..", `${repository.split("/").at(-1)}-trace`);
      const script = `#!/bin/sh\ntouch ${trace}\n`;
      for (const hook of ["post-checkout", "post-merge", "reference-transaction"]) {
        writeFileSync(join(repository, hook), script, { mode: 0o755 });
      }
      writeFileSync(join(repository, ".gitattributes"), "* filter=evil text eol=crlf\n");
      writeFileSync(
        join(repository, ".gitmodules"),
        `[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${trace}\n`,
      );
      symlinkSync("/etc", join(repository, "etc"));
      commit("Second");
      // Settings of the person or machine that runs the job, which would run a filter.
      const home = mkdtempSync(join(tmpdir(), "trellis-home-"));
      writeFileSync(
        join(home, ".gitconfig"),
        `[filter "evil"]\n\tsmudge = touch ${trace}\n[core]\n\thooksPath = ${repository}\n[protocol]\n\tallow = always\n`,
      );
      vi.stubEnv("HOME", home);
      try {
        expect(await name()).toBe("Second");
      } finally {
        vi.unstubAllEnvs();
        rmSync(home, { recursive: true });
      }
      expect(existsSync(trace)).toBe(false);
      expect(readdirSync(join(folder(), clones()[0] ?? ""))).toEqual(
        ["model.yaml", "dsg_platform_mapping.json"].sort(),
      );
    });

    it.each([
      "--upload-pack=touch /tmp/x",
      "-u",
      "ext::sh -c 'touch /tmp/x'",
      "fd::17",
      "git://example.invalid/x",
      "http://example.invalid/x",
      "ssh://-oProxyCommand=touch/x",
      "-oProxyCommand=touch:x",
      "host:-x",
      "file://host/x",
      "relative/path",
      "",
    ])("is not asked at the address %j", async (address) => {
      await expect(name({ repository: address })).rejects.toThrow("the model's repository: given");
      expect(readdirSync(cache)).toEqual([]);
    });

    it.each(["--upload-pack=x", "-u", "a..b", "a:b", "+a", "a b", "a/", "/a", "x.lock", ""])(
      "is not asked for the branch %j",
      async (branch) => {
        await expect(name({ branch })).rejects.toThrow("the model's branch: given");
      },
    );

    it("is not followed to another protocol", async () => {
      const server = createServer((_, response) => {
        response.writeHead(302, { location: `file://${repository}/info/refs` }).end();
      });
      await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
      const { port } = server.address() as AddressInfo; // it listens on a port
      await expect(name({ repository: `http://127.0.0.1:${port}/model.git` })).rejects.toThrow(
        "cannot be read",
      );
      await new Promise((closed) => server.close(closed));
    });
  });
});
