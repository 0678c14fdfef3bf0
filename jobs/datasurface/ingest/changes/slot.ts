import { setTimeout as wait } from "node:timers/promises";
import {
  type Database,
  type DatabaseAddress,
  JobError,
  openDatabase,
  reason,
  sha256Of,
  sqlState,
} from "../../../shared";
import type { Stream } from "../../model";
import type { ChangesState } from "../changes-state";
import { parseLsn, renderLsn } from "./lsn";

const LONGEST_NAME = 63;
const SUFFIX = "_a";
const IN_USE = "55006";
const LOOKS_EVERY_MS = 100;

const wordOf = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9_]/g, "_");

/**
 * The two names that a stream's slots have in turn: a new snapshot makes the other one, and the old one is dropped once
 * that snapshot is committed. Another merge database has other names.
 */
export function slotNames({ platform, key }: Stream, merge: DatabaseAddress): readonly [string, string] {
  const who = [merge.database, platform.name, key];
  const digest = sha256Of(JSON.stringify(who)).slice(0, 8);
  const words = wordOf(`trellis_${platform.name}_${key}`).slice(
    0,
    LONGEST_NAME - digest.length - 1 - SUFFIX.length,
  );
  return [`${words}_${digest}_a`, `${words}_${digest}_b`];
}

/** The publication serves all platforms. */
export const publicationName = ({ key }: Stream) => {
  const name = wordOf(`trellis_${key}`);
  return name.length <= LONGEST_NAME
    ? name
    : `${name.slice(0, LONGEST_NAME - 9)}_${sha256Of(key).slice(0, 8)}`;
};

const remedyOf = ({ platform, store, datasets }: Stream) =>
  `jobs datasurface ingest --platform ${platform.name} --store ${store.name}` +
  `${store.capture.consistency === "SINGLE_DATASET" ? ` --dataset ${datasets[0]?.name}` : ""} --from-snapshot`;

const anew = (stream: Stream) =>
  `read the source in whole and follow its changes from there, which keeps the merged history: ${remedyOf(stream)}`;

/** Where the source's log is, and which cluster writes it. */
export interface Position {
  readonly system: string;
  readonly timeline: number;
  /** The end of what is safe on disk. */
  readonly flushed: bigint;
}

export async function positionOf(source: Database): Promise<Position> {
  const { rows } = await source.query<{ system: string; timeline: string; flushed: string }>(
    `SELECT system_identifier::text AS system, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) AS timeline,
       pg_current_wal_flush_lsn()::text AS flushed FROM pg_control_system()`,
  );
  const [row] = rows;
  if (!row) throw new Error("the source did not tell its position");
  return { system: row.system, timeline: Number.parseInt(row.timeline, 16), flushed: parseLsn(row.flushed) };
}

interface Lag {
  readonly behindBytes: number;
  readonly retainedBytes: number;
  /** Whether the next checkpoint may remove what the slot needs (max_slot_wal_keep_size). */
  readonly endangered: boolean;
}

/**
 * Finds the slot as the last committed batch left it, or throws: what is gone from the log, or was given to another reader,
 * is lost to the merged rows.
 */
export async function judgeSlot(source: Database, stream: Stream, state: ChangesState): Promise<Lag> {
  const { rows } = await source.query<{
    confirmed: string;
    status: string;
    behind: number;
    retained: number;
  }>(
    `SELECT confirmed_flush_lsn::text AS confirmed, wal_status AS status,
       pg_wal_lsn_diff(pg_current_wal_lsn(), $2)::float8 AS behind,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::float8 AS retained
     FROM pg_replication_slots WHERE slot_name = $1 AND database = current_database() AND plugin = 'pgoutput'`,
    [state.slot, state.lsn],
  );
  const [slot] = rows;
  const where = `the replication slot ${state.slot} of the source of ${stream.store.name}`;
  if (!slot) {
    throw new JobError(
      `${where} is gone, and with it the changes since ${state.lsn}, nothing was merged; ${anew(stream)}`,
    );
  }
  if (slot.status === "lost") {
    throw new JobError(
      `${where} fell further behind than the source keeps its log (max_slot_wal_keep_size), and changes since ${state.lsn} are lost, ` +
        `nothing was merged; ${anew(stream)}`,
    );
  }
  if (parseLsn(slot.confirmed) > parseLsn(state.lsn)) {
    throw new JobError(
      `${where} is at ${slot.confirmed}, and the merged rows are at ${state.lsn}: something else read or made it, and what it read is ` +
        `lost, nothing was merged; ${anew(stream)}`,
    );
  }
  return {
    behindBytes: slot.behind,
    retainedBytes: slot.retained,
    endangered: slot.status === "unreserved",
  };
}

/** Throws where the server's log is not the one that the merged rows came from. */
export async function judgeHistory(
  openReplication: () => Promise<Database>,
  stream: Stream,
  state: ChangesState,
  { system, timeline }: Position,
): Promise<void> {
  if (system !== state.system) {
    throw new JobError(
      `the source of ${stream.store.name} is another cluster than the merged rows came from, nothing was merged; put the address back, or ${anew(stream)}`,
    );
  }
  if (timeline === state.timeline) return;
  const replication = await openReplication();
  try {
    const { rows } = await replication.query<{ content: string | Buffer }>(`TIMELINE_HISTORY ${timeline}`);
    const left = leftAt(String(rows[0]?.content ?? ""), state.timeline);
    if (left !== undefined && left >= parseLsn(state.lsn)) return;
    throw new JobError(
      `the source of ${stream.store.name} failed over to a server that left the history of the merged rows at ` +
        `${left === undefined ? "an unknown place" : renderLsn(left)}, before ${state.lsn}: rows were merged that it never had, nothing was merged; ${anew(stream)}`,
    );
  } finally {
    await replication.end().catch(() => undefined);
  }
}

/** Where a timeline ended, by the history of a later one: lines of a number, a position and a reason. */
export function leftAt(history: string, timeline: number): bigint | undefined {
  for (const line of history.split("\n")) {
    const [number, position] = line.trim().split(/\s+/);
    if (Number(number) === timeline && position?.includes("/")) return parseLsn(position);
  }
  return undefined;
}

/** Lets the source forget the log before the position. A position that it has passed already changes nothing. */
export async function advanceSlot(
  source: Database,
  slot: string,
  lsn: bigint,
  seconds: number,
): Promise<void> {
  await whenFree(seconds, () =>
    source.query(
      `SELECT pg_replication_slot_advance(slot_name, $2) FROM pg_replication_slots
       WHERE slot_name = $1 AND confirmed_flush_lsn < $2::pg_lsn`,
      [slot, renderLsn(lsn)],
    ),
  );
}

/** Drops a slot if it exists. */
export async function dropSlot(source: Database, slot: string, seconds: number): Promise<boolean> {
  const { rowCount } = await whenFree(seconds, () =>
    source.query(
      "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1",
      [slot],
    ),
  );
  return (rowCount ?? 0) > 0;
}

/** A run that was killed holds its slot until the server has seen that. */
export async function whenFree<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (sqlState(error) !== IN_USE) throw error;
      if (performance.now() > deadline) {
        throw new JobError(
          `${reason(error)}, for ${seconds} seconds (--lock-wait-seconds): another session reads the slot; ` +
            "the next run by the schedule tries again",
          1,
          { cause: error },
        );
      }
      await wait(LOOKS_EVERY_MS);
    }
  }
}

/** A session that also takes the commands of replication. */
export const openReplication = (address: DatabaseAddress, applicationName: string, signal: AbortSignal) =>
  openDatabase(address, { purpose: "the source database", applicationName, signal, replication: true });
