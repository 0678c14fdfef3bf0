import { z } from "zod";
import { type PgBackRestArgs, PgBackRestError, pgbackrest } from "./pgbackrest";
import { type ArchivedSegment, type BaseBackup, parseSegment } from "./window";

/** The fields of `pgbackrest info` for one stanza that are read here. */
const information = z.array(
  z.object({
    name: z.string(),
    status: z.object({ code: z.number(), message: z.string() }),
    repo: z.array(z.object({ key: z.number(), status: z.object({ code: z.number(), message: z.string() }) })),
    archive: z.array(
      z.object({
        id: z.string(),
        max: z.string().nullable(),
        database: z.object({ id: z.number(), "repo-key": z.number() }),
      }),
    ),
    backup: z.array(
      z.object({
        label: z.string(),
        type: z.enum(["full", "diff", "incr"]),
        error: z.boolean().nullable().optional(),
        timestamp: z.object({ start: z.number(), stop: z.number() }),
        archive: z.object({ start: z.string().nullable(), stop: z.string().nullable() }),
        lsn: z.object({ start: z.string(), stop: z.string() }).optional(),
        info: z.object({ size: z.number(), repository: z.object({ size: z.number().optional() }) }),
        database: z.object({ id: z.number(), "repo-key": z.number() }),
      }),
    ),
  }),
);

const listing = z.record(z.string(), z.object({ type: z.string(), time: z.number().optional() }));

export interface Repository {
  /** Whether the repository has a stanza for the cluster. */
  readonly known: boolean;
  /** Oldest first. */
  readonly backups: readonly BaseBackup[];
  /** In WAL order. */
  readonly segments: readonly ArchivedSegment[];
}

/** Status codes: no stanza, or an incomplete one. */
const UNKNOWN = [1, 3];

/** Status code: the repository could not be read; the message gives the reason. */
const FAILED = 99;

/** Reads what one repository holds of a cluster; `index` counts from 1, as in pgBackRest. */
export async function readRepository(args: PgBackRestArgs, index: number): Promise<Repository> {
  const answer = await pgbackrest(args, "info", ["--output=json", `--repo=${index}`]);
  const stanza = information.parse(JSON.parse(readable(answer))).find(({ name }) => name === args.stanza);
  const state = stanza?.repo.find(({ key }) => key === index)?.status;
  if (!stanza || (state && UNKNOWN.includes(state.code))) return { known: false, backups: [], segments: [] };
  if (state?.code === FAILED) throw new PgBackRestError("info", state.code, state.message);

  const backups = stanza.backup
    .filter(({ error, database }) => error !== true && database["repo-key"] === index)
    .flatMap(({ label, type, timestamp, archive, lsn, info, database }): BaseBackup[] =>
      archive.start === null || archive.stop === null
        ? []
        : [
            {
              label,
              type,
              generation: database.id,
              startedAt: new Date(timestamp.start * 1000),
              finishedAt: new Date(timestamp.stop * 1000),
              firstSegment: archive.start,
              lastSegment: archive.stop,
              consistentAt: lsn?.stop,
              bytes: info.repository.size ?? info.size,
            },
          ],
    );
  // A cluster that was recreated under the same name has its own WAL archive; the last one is in use.
  const newest = stanza.archive
    .filter(({ database }) => database["repo-key"] === index)
    .sort((a, b) => a.database.id - b.database.id)
    .at(-1);
  if (!newest) return { known: true, backups, segments: [] };
  return {
    known: true,
    backups: backups.filter(({ generation }) => generation === newest.database.id),
    segments: await readSegments(args, index, newest.id),
  };
}

/**
 * With a wrong passphrase, pgBackRest's message contains the garbled text unescaped, with control characters that JSON
 * forbids.
 */
const readable = (answer: string) => answer.replaceAll(/\p{Cc}/gu, " ");

async function readSegments(args: PgBackRestArgs, index: number, id: string): Promise<ArchivedSegment[]> {
  const answer = await pgbackrest(
    args,
    "repo-ls",
    ["--output=json", "--recurse", `--repo=${index}`],
    [`archive/${args.stanza}/${id}`],
  );
  return Object.entries(listing.parse(JSON.parse(answer)))
    .flatMap(([path, { time }]) => {
      const segment = parseSegment(path, new Date((time ?? 0) * 1000));
      return segment ? [segment] : [];
    })
    .sort((a, b) => a.position - b.position || a.timeline - b.timeline);
}
