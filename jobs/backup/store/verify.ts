import { type Context, JobError, listProblems, type ObjectStore, StoreError } from "../../shared";
import { secondsSince } from "../elapsed";
import { opened, type Programs, start } from "../programs";
import { sideBySide } from "../side-by-side";
import { bytesFrom, collect, test, unpacked } from "../streams";
import { type Backup, type Verification, writeVerification } from "./catalogue";
import { Digest } from "./digest";
import { type Artefact, bytesOf, type Manifest, type Part, type TableRows } from "./manifest";

interface VerifyArgs {
  readonly store: ObjectStore;
  readonly programs: Programs;
  readonly backup: Backup & { manifest: Manifest };
  /** Number of objects that are read in parallel. */
  readonly streams: number;
}

/** Reads every byte back, records the result beside the backup, and fails where it differs from what was written. */
export async function verify(args: VerifyArgs, context: Context): Promise<Verification> {
  const { store, backup } = args;
  const began = Date.now();
  const problems = backup.problem === undefined ? [] : [backup.problem];
  for (const artefact of backup.manifest.databases) {
    const shown = context.progress(artefact.database, "bytes", bytesOf(artefact));
    // missing objects are reported already
    const checks = checksOf(artefact).filter(({ part }) => backup.keys.includes(part.key));
    const found = await sideBySide(checks, { width: args.streams, signal: context.signal }, (check, signal) =>
      judge(args, check, signal, shown.advance),
    ).finally(shown.done);
    problems.push(...found.flat());
  }
  const found: Verification = {
    checkedAt: new Date().toISOString(),
    good: problems.length === 0,
    problems,
    seconds: secondsSince(began),
  };
  await writeVerification(store, backup.name, found);
  if (!found.good) throw new JobError(listProblems(`the backup ${backup.name} is damaged:`, problems));
  return found;
}

/** One object of a backup, and the entries that its table of contents must have if it is an archive. */
interface Check {
  readonly part: Part;
  readonly entries?: { readonly kind: "TABLE" | "TABLE DATA"; readonly tables: readonly TableRows[] };
}

function checksOf(artefact: Artefact): Check[] {
  const nameOf = (schema: string, table: string) => JSON.stringify([schema, table]);
  const apart = new Set(artefact.rows.map(({ schema, table }) => nameOf(schema, table)));
  const left = artefact.tables.filter(({ schema, name }) => !apart.has(nameOf(schema, name)));
  return [
    { part: artefact.definitions, entries: { kind: "TABLE", tables: artefact.tables } },
    { part: artefact.remainder, entries: { kind: "TABLE DATA", tables: left } },
    ...artefact.rows.map((part) => ({ part })),
  ];
}

async function judge(
  { store, programs }: VerifyArgs,
  { part, entries }: Check,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<string[]> {
  const digest = new Digest();
  const content = digest.of(store.read(part.key), onBytes);
  // A reader that stops early must not end the content: the digest also covers what zstd refuses to read.
  const source: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => ({ next: () => content.next() }) };
  const problems: string[] = [];
  try {
    if (entries) {
      const contents = await listContents(programs, source, signal);
      problems.push(...absent(entries, contents));
    } else {
      await test(programs.zstd, source, signal);
    }
  } catch (error) {
    if (signal.aborted || error instanceof StoreError || !(error instanceof JobError)) throw error;
    problems.push(error.message);
  }
  for await (const _ of content);
  return [
    ...(digest.bytes === part.bytes ? [] : [`has ${digest.bytes} bytes instead of ${part.bytes}`]),
    ...(digest.sha256() === part.sha256 ? [] : ["its sha256 differs from the manifest's"]),
    ...problems,
  ].map((problem) => `${part.key}: ${problem}`);
}

/** The archive's own table of contents, after the whole archive was unpacked. */
async function listContents(
  { zstd, pgRestore }: Programs,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<string> {
  const listing = start(pgRestore, ["--list"], { stdin: "pipe", stdout: "pipe", signal });
  const listed = collect(bytesFrom(listing.child.stdout));
  try {
    await pour(unpacked(zstd, source, signal), opened(listing.child.stdin));
    const contents = await listed;
    await listing.ended;
    return contents;
  } finally {
    listing.child.kill("SIGKILL");
  }
}

/** Passes the data on and reads to the end even when nobody consumes it any more: pg_restore stops after its list. */
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

/** Tables in the manifest that the archive's table of contents lacks. */
function absent({ kind, tables }: NonNullable<Check["entries"]>, contents: string): string[] {
  return tables
    .filter(({ schema, name }) => !contents.includes(` ${kind} ${oneLine(schema)} ${oneLine(name)} `))
    .map(
      ({ schema, name }) =>
        `the archive holds no ${kind === "TABLE" ? "table" : "rows of"} ${schema}.${name}`,
    );
}

/** pg_restore prints each entry of its list on one line. */
const oneLine = (name: string) => name.replace(/[\r\n]/g, " ");
