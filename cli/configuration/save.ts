import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseSettings } from "../../components/settings";
import { UserError } from "../../components/shared/user-error";
import { ObjectStore, reason } from "../../jobs/shared";
import { readProject, readStack } from "../plan";
import { output, ProgramError } from "../shared/programs";
import { replaceFile } from "../shared/replace-file";
import { type Manifest, pack, STATE } from "./archive";
import type { SaveFlags } from "./flags";
import { publicHalf } from "./public-half";

/** Exports, packs, encrypts and stores the configuration, all in memory. Returns the message for the user. */
export async function save(flags: SaveFlags): Promise<string> {
  const { cwd, stack, out } = flags;
  const { config } = readStack(cwd, readProject(cwd).name, stack);
  const place = out === undefined ? offsiteOf(flags, config["trellis:settings"]) : undefined;
  const circumstances = circumstancesOf(flags);

  const state = pulumi(flags, "stack", "export"); // secrets stay encrypted without --show-secrets
  const files = new Map([[STATE, state]]);
  for (const name of ["Pulumi.yaml", `Pulumi.${stack}.yaml`])
    files.set(name, readFileSync(join(cwd, name), "utf8"));
  const recipient = flags.recipient ?? publicHalf(stackKey(flags));
  const sealed = output("age", ["--encrypt", "--recipient", recipient], {
    input: pack(files, circumstances),
  });

  const where = place ? await store(sealed, place, circumstances.time) : write(sealed, resolve(out ?? ""));
  const { commit, dirty } = circumstances;
  const version = commit
    ? `commit ${commit.slice(0, 12)}${dirty ? " with uncommitted changes" : ""}`
    : "not in git";
  return `saved ${stack} (${version}), ${sealed.length} bytes, encrypted for ${recipient.trim().slice(0, 60)}, to\n${where}\n`;
}

interface Place {
  readonly cluster: string;
  readonly store: ObjectStore;
}

function offsiteOf(flags: SaveFlags, settings = "null"): Place {
  const { offsite, cluster } = parseSettings(JSON.parse(settings));
  if (!offsite)
    throw new UserError(`Pulumi.${flags.stack}.yaml has no \`offsite\`: add it, or give --out FILE`);
  const secret = (variable: string, key: string) =>
    process.env[variable] ?? pulumi(flags, "config", "get", `trellis:${key}`).trimEnd();
  const accessKey = secret("OFFSITE_ACCESS_KEY_ID", "offsiteAccessKey");
  const secretKey = secret("OFFSITE_SECRET_ACCESS_KEY", "offsiteSecretKey");
  return { cluster, store: new ObjectStore({ ...offsite, accessKey, secretKey }) };
}

function circumstancesOf({ cwd, stack }: SaveFlags): Omit<Manifest, "files"> {
  const git = (...words: string[]) => {
    try {
      return output("git", words, { cwd }).toString().trim();
    } catch (error) {
      if (error instanceof UserError) return undefined; // without git, repository or commit, the manifest has no commit
      throw error;
    }
  };
  const commit = git("rev-parse", "HEAD") ?? null;
  const dirty = commit !== null && git("status", "--porcelain") !== "";
  const version = output("pulumi", ["version"]).toString().trim();
  return { stack, time: new Date().toISOString(), commit, dirty, pulumi: version };
}

function stackKey(flags: SaveFlags): string {
  try {
    return pulumi(flags, "stack", "output", "snapshotKey", "--show-secrets");
  } catch (error) {
    if (!(error instanceof ProgramError && error.said.includes("does not have output"))) throw error;
    throw new UserError(
      `the stack ${flags.stack} has no output snapshotKey to encrypt for; give --recipient KEY`,
    );
  }
}

/** Non-interactive: if the CLI needs input, such as the passphrase, it fails with a message. */
const pulumi = ({ cwd, stack }: SaveFlags, ...words: string[]): string =>
  output("pulumi", [...words, "--stack", stack, "--non-interactive"], { cwd }).toString();

async function store(sealed: Buffer, { cluster, store }: Place, time: string): Promise<string> {
  const stamp = time.slice(0, 19).replace(/[-:]/g, "").replace("T", "_");
  const key = `${cluster}/configuration/configuration_${stamp}.tar.gz.age`;
  try {
    await store.write(key, sealed);
  } finally {
    store.close();
  }
  return `${store.address.endpoint}/${store.address.bucket}/${key}`;
}

function write(sealed: Buffer, path: string): string {
  try {
    replaceFile(path, sealed, { mode: 0o600 });
  } catch (error) {
    throw new UserError(`${path} cannot be written: ${reason(error)}`);
  }
  return path;
}
