import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Logger, UserError } from "../../shared";
import { loadModel } from "./load";
import type { Model } from "./schema";

export interface ModelSource {
  readonly model: string | undefined;
  readonly repository: string | undefined;
  readonly branch: string;
  readonly cache: string;
  readonly maxCacheAge: number;
  readonly token: string | undefined;
}

const GIT_TIMEOUT_MS = 120_000;

/** A clone this old is no longer read by anybody. */
const OBSOLETE_MS = 60 * 60 * 1000;

/** Loads the model from its folder, or from its repository by way of the cache. */
export async function fetchModel(source: ModelSource, log: Logger): Promise<Model> {
  return loadModel(source.model ?? (await cachedClone(source, log)));
}

/**
 * The folder with a clone of the branch that is new enough. A new clone is made beside the old ones and renamed into
 * place, so that nobody ever reads half of one; with the repository out of reach, the newest that is there serves.
 */
async function cachedClone(source: ModelSource, log: Logger): Promise<string> {
  const { repository = "", branch, cache, maxCacheAge } = source;
  const folder = join(
    cache,
    `${repository.replaceAll(/[^A-Za-z0-9.-]+/g, "-")}_${branch.replaceAll("/", "-")}`,
  );
  mkdirSync(folder, { recursive: true });
  const newest = clones(folder).at(-1);
  if (newest && Date.now() - newest.time < maxCacheAge * 60_000) return newest.path;
  try {
    if (newest && (await isCurrent(source, newest.path))) return newest.path;
    return await clone(source, folder);
  } catch (error) {
    if (!newest) throw error;
    log.warn(
      { model: newest.path },
      `the cached model is used: ${error instanceof Error ? error.message : String(error)}`,
    );
    return newest.path;
  }
}

interface Clone {
  readonly path: string;
  readonly time: number;
}

const clones = (folder: string): Clone[] =>
  readdirSync(folder)
    .flatMap((name) => {
      const seconds = /^model-(\d{10})$/.exec(name)?.[1];
      return seconds ? [{ path: join(folder, name), time: Number(seconds) * 1000 }] : [];
    })
    .sort((a, b) => a.time - b.time);

async function isCurrent(source: ModelSource, path: string): Promise<boolean> {
  const [remote] = (
    await git(source, ["ls-remote", source.repository ?? "", `refs/heads/${source.branch}`])
  ).split("\t");
  const local = await git(source, ["-C", path, "rev-parse", "HEAD"]);
  return remote?.trim() === local.trim();
}

async function clone(source: ModelSource, folder: string): Promise<string> {
  const temporary = join(folder, `.clone-${process.pid}-${Date.now()}`);
  try {
    const { repository = "", branch } = source;
    await git(source, [
      "clone",
      "--quiet",
      "--depth",
      "1",
      "--single-branch",
      "--branch",
      branch,
      "--",
      repository,
      temporary,
    ]);
    const path = join(folder, `model-${String(Math.floor(Date.now() / 1000)).padStart(10, "0")}`);
    if (!existsSync(path)) renameSync(temporary, path);
    for (const old of clones(folder)) {
      if (Date.now() - old.time > OBSOLETE_MS && old.path !== path)
        rmSync(old.path, { recursive: true, force: true });
    }
    return path;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Runs git. The token goes through its environment alone: arguments can be seen by everybody on the machine. */
async function git({ token, repository }: ModelSource, words: readonly string[]): Promise<string> {
  const basic = token ? Buffer.from(`x-access-token:${token}`).toString("base64") : undefined;
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    GIT_TERMINAL_PROMPT: "0",
    ...(basic && {
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "http.extraHeader",
      GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    }),
  };
  try {
    return (await promisify(execFile)("git", [...words], { env: environment, timeout: GIT_TIMEOUT_MS }))
      .stdout;
  } catch (error) {
    const told =
      error !== null && typeof error === "object" && "stderr" in error ? String(error.stderr) : String(error);
    const secrets = [token, basic].filter((secret) => secret !== undefined && secret !== "") as string[];
    const masked = secrets.reduce(
      (text, secret) => text.replaceAll(secret, "***"),
      `${repository}: ${told.trim()}`,
    );
    throw new UserError(
      `the model's repository cannot be read: ${masked.replaceAll(/\/\/[^/@\s]*@/g, "//***@")}`,
    );
  }
}
