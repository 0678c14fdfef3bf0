import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { stringify } from "yaml";
import { fetchModel } from "../../../../jobs/datasurface/model";
import { createLogger } from "../../../../jobs/shared";
import { ecosystemOf, writeModel } from "../../../rigs/datasurface/datasurface";
import { describeWith } from "../../../rigs/programs";

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
const clones = () => readdirSync(join(cache, readdirSync(cache)[0] ?? ""));

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
    age(clones()[0] ?? "");
    expect(await name({ maxCacheAge: 0 })).toBe("Second");
    expect(clones().every((clone) => /^model-\d{10}$/.test(clone))).toBe(true);
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

  /** Makes a clone an hour older than it is, in its name, which is where its age is read. */
  function age(clone: string): void {
    const folder = join(cache, readdirSync(cache)[0] ?? "");
    const older = `model-${Number(clone.slice(6)) - 3600}`;
    renameSync(join(folder, clone), join(folder, older));
    utimesSync(join(folder, older), 0, 0);
  }
});
