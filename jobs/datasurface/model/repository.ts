import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { JobError, type Logger, sha256Of } from "../../shared";
import { MOST_BYTES } from "./files";
import { git, OutOfReach, protocolOf, type Repository } from "./git";
import { loadModel, MODEL_FILES } from "./load";
import type { Model } from "./model";

export interface ModelSource {
  /** Folder with a local model. Undefined: the repository is used. */
  readonly model: string | undefined;
  /** URL of the git repository. */
  readonly repository: string | undefined;
  /** Branch of the repository to read. */
  readonly branch: string;
  /** Folder in which fetched commits are cached. */
  readonly cache: string;
  /**
   * Minutes during which a cached commit is used without asking the repository. Raising it delays changes of the model.
   */
  readonly maxCacheAge: number;
  /** Token for a private repository. Undefined: no login. */
  readonly token: string | undefined;
}

/** After this time no job still reads a commit that is no longer the newest. */
const OBSOLETE_MS = 60 * 60 * 1000;

/** Loads the model from its folder, or from its repository through the cache. */
export async function fetchModel(source: ModelSource, log: Logger): Promise<Model> {
  return loadModel(source.model ?? (await cached(source, log)));
}

const CURRENT = "current.json";

/** The newest commit in a cache folder, and when the repository was last checked. */
const currentSchema = z.strictObject({
  repository: z.string(),
  branch: z.string(),
  commit: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
  checkedAt: z.number(),
});

type Current = z.output<typeof currentSchema>;

/**
 * The folder with the files of a recent enough commit. Files are written beside the others and renamed into place, so
 * that nobody reads an incomplete set. While the repository is unreachable, the newest cached commit is used.
 */
async function cached(source: ModelSource, log: Logger): Promise<string> {
  const { repository: url = "", branch, cache, maxCacheAge, token } = source;
  const repository: Repository = { url, branch, token };
  protocolOf(repository);
  const folder = join(cache, digestOf(url, branch));
  mkdirSync(folder, { recursive: true });
  const current = currentOf(folder, repository);
  if (current && isYoung(current, maxCacheAge)) return join(folder, current.commit);
  try {
    const commit = await newestCommit(repository);
    if (commit !== current?.commit) await extract(repository, commit, folder);
    setCurrent(folder, { repository: url, branch, commit, checkedAt: Date.now() });
    removeObsolete(folder, commit);
    return join(folder, commit);
  } catch (error) {
    if (!current || !(error instanceof OutOfReach)) throw error;
    const path = join(folder, current.commit);
    log.warn({ model: path }, `the cached model is used: ${error.message}`);
    return path;
  }
}

/** Two repositories or branches never share a folder. */
const digestOf = (...parts: readonly string[]) => sha256Of(JSON.stringify(parts));

function currentOf(folder: string, { url, branch }: Repository): Current | undefined {
  const path = join(folder, CURRENT);
  if (!existsSync(path)) return undefined;
  try {
    const current = currentSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    const isOurs = current.repository === url && current.branch === branch;
    return isOurs && existsSync(join(folder, current.commit)) ? current : undefined;
  } catch {
    return undefined; // a damaged cache counts as empty
  }
}

/** A check time in the future means that a clock was wrong, not that the cache is recent. */
function isYoung({ checkedAt }: Current, minutes: number): boolean {
  const age = Date.now() - checkedAt;
  return age >= 0 && age < minutes * 60_000;
}

async function newestCommit(repository: Repository): Promise<string> {
  const { url, branch } = repository;
  const answer = (await git(repository, ["ls-remote", "--", url, refOf(branch)])).toString();
  const [, commit] = /^([0-9a-f]{40}|[0-9a-f]{64})\t/.exec(answer) ?? [];
  if (!commit) throw new JobError(`the model's repository cannot be read: it has no branch ${branch}`);
  return commit;
}

const refOf = (branch: string) => `refs/heads/${branch}`;

/**
 * Fetches a commit and writes only the model's files. There is no checkout, so nothing else in the commit becomes a
 * file.
 */
async function extract(repository: Repository, commit: string, folder: string): Promise<void> {
  const draft = mkdtempSync(join(folder, ".draft-"));
  try {
    const store = join(draft, "repository");
    const files = join(draft, "files");
    mkdirSync(files);
    await git(repository, ["init", "--quiet", "--bare", "--template=", store]);
    const run = (...words: string[]) => git(repository, ["-C", store, ...words]);
    const refspec = refOf(repository.branch);
    await run(
      "fetch",
      "--quiet",
      "--depth=1",
      "--no-tags",
      "--no-recurse-submodules",
      "--",
      repository.url,
      refspec,
    );
    const fetched = (await run("rev-parse", "--verify", "FETCH_HEAD^{commit}")).toString().trim();
    if (fetched !== commit)
      throw new JobError(`the model's branch ${repository.branch} moved meanwhile: run again`);
    for (const name of MODEL_FILES) {
      const content = await fileOf(run, commit, name);
      if (content) writeFileSync(join(files, name), content);
    }
    if (!existsSync(join(folder, commit))) renameSync(files, join(folder, commit));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A file's content in the commit; undefined where it does not exist. */
async function fileOf(
  run: (...words: string[]) => Promise<Buffer>,
  commit: string,
  name: string,
): Promise<Buffer | undefined> {
  const entry = (await run("ls-tree", "-z", "--full-tree", commit, "--", name)).toString();
  if (entry === "") return undefined;
  const [, mode = "", object = ""] = /^(\d{6}) [a-z]+ ([0-9a-f]+)\t/.exec(entry) ?? [];
  if (mode === "120000")
    throw new JobError(`${name} is a symbolic link in the model's repository: commit a file`);
  if (!mode.startsWith("100")) throw new JobError(`${name} is not a regular file in the model's repository`);
  const bytes = Number((await run("cat-file", "-s", object)).toString());
  if (!(bytes <= MOST_BYTES)) {
    throw new JobError(
      `${name} in the model's repository has ${bytes} bytes; allowed: ${MOST_BYTES}; split the model`,
    );
  }
  return run("cat-file", "blob", object);
}

function setCurrent(folder: string, current: Current): void {
  const draft = join(mkdtempSync(join(folder, ".draft-")), CURRENT);
  writeFileSync(draft, JSON.stringify(current));
  renameSync(draft, join(folder, CURRENT));
  rmSync(join(draft, ".."), { recursive: true });
}

/** Removes commits that no running job can still be reading, and drafts of killed jobs. */
function removeObsolete(folder: string, commit: string): void {
  for (const name of readdirSync(folder)) {
    if (name === commit || name === CURRENT) continue;
    const path = join(folder, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changed !== undefined && Math.abs(Date.now() - changed) > OBSOLETE_MS) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
