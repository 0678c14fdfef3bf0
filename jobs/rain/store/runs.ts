import { type Database, retry, tryLock } from "../../shared";
import type { Source } from "../reading";
import type { Counts } from "./batches";

/** Bumped whenever a parser reads a file differently, so that files which were imported before are read again. */
const PARSER_VERSION = 1;

/** A file on its way into the record. */
export interface ArrivedFile {
  /** What it is about: `workbook:2023`, `pdf:2019-11`, `fopr:59700`. */
  readonly subject: string;
  readonly source: Source;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** sha256, hexadecimal. */
  readonly digest: string;
}

export interface Run {
  readonly id: number;
  readonly file: number;
  /** Whether it goes on where an earlier process stopped. */
  readonly resumed: boolean;
}

/**
 * Waits until nobody else imports the same subject. The lock ends with the session, so that an importer that was
 * killed holds nothing back.
 */
export async function holdSubject(
  database: Database,
  subject: string,
  onWait: () => void,
  signal: AbortSignal,
): Promise<void> {
  await retry(
    async (attempt) => {
      if (await tryLock(database, `rain import ${subject}`)) return;
      if (attempt === 1) onWait();
      throw new Error(`${subject} is being imported by another process`);
    },
    { attempts: Number.POSITIVE_INFINITY, firstDelayMs: 250, longestDelayMs: 5_000, signal },
  );
}

/** The run that brought this very file in completely, unless another file was begun over it since. */
export async function completedRun(database: Database, file: ArrivedFile): Promise<number | undefined> {
  const { rows } = await database.query<{ id: number; digest: string; status: string }>(
    `SELECT run.id, digest, status FROM import_run AS run JOIN source_file ON source_file.id = run.file
     WHERE subject = $1 AND parser_version = $2 AND status <> 'refused' ORDER BY run.id DESC LIMIT 1`,
    [file.subject, PARSER_VERSION],
  );
  const [last] = rows;
  return last?.status === "completed" && last.digest === file.digest ? last.id : undefined;
}

/** Goes on with the run of this file that was interrupted or that failed in part; begins a new one otherwise. */
export async function claimRun(database: Database, file: ArrivedFile): Promise<Run> {
  const { rows: files } = await database.query<{ id: number }>(
    `INSERT INTO source_file (digest, source, name, bytes) VALUES ($1, $2, $3, $4)
     ON CONFLICT (digest) DO UPDATE SET name = excluded.name RETURNING id`,
    [file.digest, file.source, file.name, file.bytes.length],
  );
  const [fileId] = files.map(({ id }) => id);
  if (fileId === undefined) throw new Error("the file was not recorded");
  // Whatever else was under way for this subject is overtaken by this file.
  await database.query(
    `UPDATE import_run SET status = 'superseded', finished_at = now()
     WHERE subject = $1 AND status IN ('running', 'failed') AND (file <> $2 OR parser_version <> $3)`,
    [file.subject, fileId, PARSER_VERSION],
  );
  const { rows: resumed } = await database.query<{ id: number }>(
    `UPDATE import_run SET status = 'running', times_resumed = times_resumed + 1, finished_at = NULL, error = NULL
     WHERE subject = $1 AND status IN ('running', 'failed') RETURNING id`,
    [file.subject],
  );
  if (resumed[0]) return { id: resumed[0].id, file: fileId, resumed: true };
  const { rows: begun } = await database.query<{ id: number }>(
    `INSERT INTO import_run (subject, source, file, parser_version, status) VALUES ($1, $2, $3, $4, 'running')
     RETURNING id`,
    [file.subject, file.source, fileId, PARSER_VERSION],
  );
  if (!begun[0]) throw new Error("the run was not recorded");
  return { id: begun[0].id, file: fileId, resumed: false };
}

type RunEnd = "completed" | "failed" | "refused";

/** Closes a run with the sums of its units; only the newest run of a subject keeps its units. */
export async function endRun(
  database: Database,
  run: number,
  status: RunEnd,
  error?: string,
): Promise<Counts> {
  const { rows } = await database.query<Counts>(
    `UPDATE import_run SET status = $2, error = $3, finished_at = now(), readings = sums.readings,
       inserted = sums.inserted, corrected = sums.corrected, unchanged = sums.unchanged, outranked = sums.outranked,
       problems = (SELECT count(*) FROM import_problem WHERE run = $1)
     FROM (
       SELECT coalesce(sum(readings), 0) AS readings, coalesce(sum(inserted), 0) AS inserted,
         coalesce(sum(corrected), 0) AS corrected, coalesce(sum(unchanged), 0) AS unchanged,
         coalesce(sum(outranked), 0) AS outranked
       FROM import_unit WHERE run = $1 AND status = 'done'
     ) AS sums
     WHERE id = $1
     RETURNING import_run.readings, import_run.inserted, import_run.corrected, import_run.unchanged, import_run.outranked`,
    [run, status, error],
  );
  if (status === "completed") {
    await database.query(
      `DELETE FROM import_unit USING import_run AS old, import_run AS new
       WHERE new.id = $1 AND old.subject = new.subject AND old.id < new.id AND import_unit.run = old.id`,
      [run],
    );
  }
  if (!rows[0]) throw new Error(`run ${run} has vanished`);
  return rows[0];
}
