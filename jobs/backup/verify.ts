import { type Context, listProblems, type ObjectStore, UserError } from "../shared";
import { type Backup, type Verification, writeVerification } from "./catalogue";
import { secondsSince } from "./create";
import { Digest } from "./digest";
import type { Artefact, Manifest } from "./manifest";
import { opened, type Programs, start } from "./programs";

export interface VerifyArgs {
  readonly store: ObjectStore;
  readonly programs: Programs;
  readonly backup: Backup & { manifest: Manifest };
}

/** Reads back every byte, records what was found beside the backup, and fails where that is not what was written. */
export async function verify(
  { store, programs, backup }: VerifyArgs,
  context: Context,
): Promise<Verification> {
  const began = Date.now();
  const problems = backup.problem === undefined ? [] : [backup.problem];
  for (const artefact of backup.manifest.databases) {
    if (!backup.keys.includes(artefact.key)) continue; // already told
    problems.push(...(await judge(store, programs, artefact, context)));
  }
  const found: Verification = {
    checkedAt: new Date().toISOString(),
    good: problems.length === 0,
    problems,
    seconds: secondsSince(began),
  };
  await writeVerification(store, backup.name, found);
  if (!found.good) throw new UserError(listProblems(`the backup ${backup.name} is damaged:`, problems));
  return found;
}

async function judge(
  store: ObjectStore,
  { zstd, pgRestore }: Programs,
  artefact: Artefact,
  { signal, progress }: Context,
): Promise<string[]> {
  const digest = new Digest();
  const shown = progress(artefact.database, "bytes", artefact.bytes);
  const unpacking = start(zstd, ["-d", "-c", "-q"], { stdin: "pipe", stdout: "pipe", signal });
  const listing = start(pgRestore, ["--list"], { stdin: "pipe", stdout: "pipe", signal });
  const unpacked = pour(
    opened(unpacking.child.stdout) as AsyncIterable<Buffer>, // no encoding is set: these are buffers
    opened(listing.child.stdin),
  );
  const listed = collect(opened(listing.child.stdout) as AsyncIterable<Buffer>); // and these
  try {
    // What zstd refuses to take is still read, so that the sum is known.
    const sourced = digest.of(store.read(artefact.key), (bytes) => shown.advance(bytes));
    await pour(sourced, opened(unpacking.child.stdin));
    await unpacked;
    const contents = await listed;
    const failures = await Promise.allSettled([unpacking.ended, listing.ended]);
    signal.throwIfAborted();
    return [
      ...(digest.bytes === artefact.bytes ? [] : [`has ${digest.bytes} bytes instead of ${artefact.bytes}`]),
      ...(digest.sha256() === artefact.sha256 ? [] : ["its sha256 differs from the manifest's"]),
      ...failures.flatMap((end) => (end.status === "rejected" ? [messageOf(end.reason)] : [])),
      ...absentTables(artefact, contents),
    ].map((problem) => `${artefact.key}: ${problem}`);
  } finally {
    unpacking.child.kill("SIGKILL");
    listing.child.kill("SIGKILL");
    shown.done();
  }
}

/** Hands on what is read, and reads to the end even when nobody takes it any more. */
async function pour(source: AsyncIterable<Buffer>, into: NodeJS.WritableStream): Promise<void> {
  let taken = true;
  const closed = new Promise<void>((resolve) => into.once("close", resolve).once("error", () => resolve()));
  closed.then(() => {
    taken = false;
  });
  for await (const chunk of source) {
    if (!taken || into.write(chunk)) continue;
    await Promise.race([new Promise<void>((resolve) => into.once("drain", resolve)), closed]);
  }
  into.end();
}

async function collect(source: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Tables of the manifest whose rows the archive's own table of contents does not name. */
function absentTables({ tables }: Artefact, contents: string): string[] {
  return tables
    .filter(({ schema, name }) => !contents.includes(` TABLE DATA ${oneLine(schema)} ${oneLine(name)} `))
    .map(({ schema, name }) => `the archive holds no rows of ${schema}.${name}`);
}

/** pg_restore keeps each entry of its list on one line. */
const oneLine = (name: string) => name.replace(/[\r\n]/g, " ");

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
