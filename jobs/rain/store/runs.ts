import { type Database, retry, tryLock } from "../../shared";
import type { Source } from "../reading";
import type { Counts } from "./batches";

/** Increment it whenever a parser reads a file differently, so that files imported before are read again. */
const PARSER_VERSION = 1;

/** A file to import. */
export interface ArrivedFile {
  /** Kind and period or gauge: `workbook:2023`, `pdf:2019-11`, `fopr:59700`. */
  readonly subject: string;
  readonly source: Source;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

export interface Run {
  readonly id: number;
  readonly file: number;
  /** Whether the run continues one that an earlier process started. */
  readonly resumed: boolean;
}

/**
 * Waits until no other process imports the same subject. The lock ends with the session, so a killed importer blocks
 * nobody.
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

/** The run that imported exactly this file completely, unless another file for the subject was started since. */
export async function completedRun(database: Database, file: ArrivedFile): Promise<number | undefined> {
  const { rows } = await database.query<{ id: number; digest: string; status: string }>(
    `SELECT run.id, digest, status FROM import_run AS run JOIN source_file ON source_file.id = run.file
     WHERE subject = $1 AND parser_version = $2 AND status <> 'refused' ORDER BY run.id DESC LIMIT 1`,
    [file.subject, PARSER_VERSION],
  );
  const [last] = rows;
  return last?.status === "completed" && last.digest === file.digest ? last.id : undefined;
}

/** Resumes the run of this file that was interrupted or failed in part; otherwise starts a new one. */
export async function claimRun(database: Database, file: ArrivedFile): Promise<Run> {
  const { rows: files } = await database.query<{ id: number }>(
    `INSERT INTO source_file (digest, source, name, bytes) VALUES ($1, $2, $3, $4)
     ON CONFLICT (digest) DO UPDATE SET name = excluded.name RETURNING id`,
    [file.digest, file.source, file.name, file.bytes.length],
  );
  const [fileId] = files.map(({ id }) => id);
  if (fileId === undefined) throw new Error("the file was not recorded");
  // This file supersedes all other open runs for the subject.
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
