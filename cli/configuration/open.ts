import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { UserError } from "../../components/shared/user-error";
import { reason } from "../../jobs/shared";
import { output, ProgramError } from "../shared/programs";
import { STATE, unpack } from "./archive";
import type { OpenFlags } from "./flags";

/** Decrypts and checks the archive in memory, then unpacks it. Returns the message for the user. */
export function open({ open: file, identity, into }: OpenFlags): string {
  const folder = resolve(into);
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new UserError(
      `${folder} is not empty; give a new folder, so that old files do not mix with the saved ones`,
    );
  const { manifest, files } = unpack(decrypt(file, identity));
  writeFolder(folder, files);
  const { stack, time, commit, dirty, pulumi } = manifest;
  const version = commit
    ? `commit ${commit}${dirty ? "; the saved files have uncommitted changes" : ""}`
    : "no commit";
  return [
    `unpacked ${stack} of ${time} (${version}; Pulumi ${pulumi}), all checksums correct, into`,
    folder,
    "To import it as the stack's state:",
    `  pulumi stack import --stack ${stack} --file ${quoted(join(folder, STATE))}\n`,
  ].join("\n");
}

function decrypt(file: string, identity: string): Buffer {
  const sealed = read(file, "the saved configuration");
  read(identity, "the private key");
  try {
    return output("age", ["--decrypt", "--identity", identity], { input: sealed });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new UserError(
      /no identity matched/.test(error.said)
        ? `${identity} is not the key that ${file} is encrypted for`
        : `${file} cannot be decrypted; the file is damaged or the key is invalid: ${error.said.split("\n")[0]}`,
    );
  }
}

function read(path: string, what: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${what} cannot be read: ${reason(error)}`);
  }
}

/** Writes all files or none: the folder appears only when it is complete. */
function writeFolder(folder: string, files: ReadonlyMap<string, string>): void {
  const draft = `${folder}.${process.pid}.part`;
  try {
    mkdirSync(draft, { mode: 0o700 });
    for (const [name, text] of files) writeFileSync(join(draft, name), text, { mode: 0o600 });
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new UserError(`${folder} cannot be written: ${reason(error)}`);
  }
}

const quoted = (path: string) => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
