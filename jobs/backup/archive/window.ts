/** A base backup that a recovery may start from. */
export interface BaseBackup {
  /** pgBackRest's name of the backup. */
  readonly label: string;
  readonly type: "full" | "diff" | "incr";
  /** Which cluster of this name the backup belongs to: pgBackRest numbers them. */
  readonly generation: number;
  /** When pgBackRest started the backup. */
  readonly startedAt: Date;
  /** The earliest time that can be recovered from this backup. */
  readonly finishedAt: Date;
  /** The first WAL segment that the backup needs. */
  readonly firstSegment: string;
  /** The last WAL segment that the backup needs. */
  readonly lastSegment: string;
  /** The WAL position at which the backup is consistent, such as 0/3000100. */
  readonly consistentAt: string | undefined;
  readonly bytes: number;
}

/** One complete WAL segment in the archive. */
export interface ArchivedSegment {
  readonly timeline: number;
  /** Its number, counted from the start of the WAL. */
  readonly position: number;
  readonly archivedAt: Date;
}

/** A time span in which every moment can be recovered. */
export interface Window {
  /** The earliest time that can be recovered. */
  readonly from: Date;
  /** When the last segment was archived; later commits are not included. */
  readonly to: Date;
  /** The oldest backup of the window. */
  readonly backup: BaseBackup;
  /** The last segment of the window. */
  readonly end: ArchivedSegment;
}

/** PostgreSQL's default segment size, which the cluster is created with. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENTS_PER_FILE = 2 ** 32 / SEGMENT_BYTES;

/** Reads a segment's name, `TTTTTTTTXXXXXXXXYYYYYYYY`, anywhere in a path; undefined for anything else. */
export function parseSegment(path: string, archivedAt: Date): ArchivedSegment | undefined {
  const [, timeline, high, low] =
    /(?:^|\/)([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(?:-[0-9a-f]{40}(?:\.\w+)?)?$/.exec(path) ?? [];
  if (!timeline || !high || !low) return undefined;
  return {
    timeline: Number.parseInt(timeline, 16),
    position: Number.parseInt(high, 16) * SEGMENTS_PER_FILE + Number.parseInt(low, 16),
    archivedAt,
  };
}

/** A WAL position (LSN), such as 16/B374D848, as a number. */
export function parsePlace(place: string): bigint | undefined {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(place) ?? [];
  if (!high || !low) return undefined;
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** The WAL position at which a segment begins. */
export const placeAt = ({ position }: Pick<ArchivedSegment, "position">): bigint =>
  BigInt(position) * BigInt(SEGMENT_BYTES);

/** The first WAL position after a window. */
export const placeAfter = ({ end }: Window): bigint => placeAt({ position: end.position + 1 });

/** pgBackRest compares whole seconds: a moment within the second in which a backup ended is not after that backup. */
const SECOND_MS = 1000;

/**
 * Computes what can be recovered: from each backup up to the first gap in its WAL. Adjoining spans of several backups
 * are merged into one, which starts with the oldest. `segments` must be in WAL order.
 */
export function windows(backups: readonly BaseBackup[], segments: readonly ArchivedSegment[]): Window[] {
  const found: Window[] = [];
  for (const backup of [...backups].sort((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime())) {
    const first = parseSegment(backup.firstSegment, backup.startedAt);
    const last = parseSegment(backup.lastSegment, backup.finishedAt);
    const end = first && endOfLog(first, segments);
    if (!end || !last || end.position < last.position) continue; // WAL written during the backup itself is missing
    const from = new Date(backup.finishedAt.getTime() + SECOND_MS);
    const to = end.archivedAt.getTime() < from.getTime() ? from : end.archivedAt;
    const before = found.at(-1);
    if (before && before.end.position === end.position && before.end.timeline === end.timeline) continue;
    found.push({ from, to, backup, end });
  }
  return found;
}

/** The last segment that follows `first` without a gap. A later timeline continues where an earlier one ends. */
function endOfLog(first: ArchivedSegment, segments: readonly ArchivedSegment[]): ArchivedSegment | undefined {
  let end: ArchivedSegment | undefined;
  let timeline = first.timeline;
  let expected = first.position;
  let index = segments.findIndex(({ position }) => position >= expected);
  while (index >= 0) {
    let next: ArchivedSegment | undefined;
    for (; segments[index]?.position === expected; index++) {
      const candidate = segments[index];
      if (candidate && candidate.timeline >= timeline) next = candidate;
    }
    if (!next) return end;
    end = next;
    timeline = next.timeline;
    expected++;
  }
  return end;
}

/** Whether segments were archived after a gap and no later backup closes it. */
export function hasGap(found: readonly Window[], segments: readonly ArchivedSegment[]): boolean {
  const reached = found.at(-1)?.end.position;
  const newest = segments.at(-1)?.position;
  return reached !== undefined && newest !== undefined && newest > reached;
}
