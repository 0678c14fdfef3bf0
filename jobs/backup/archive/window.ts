/** A backup that a recovery may begin from. */
export interface BaseBackup {
  readonly label: string;
  readonly type: "full" | "diff" | "incr";
  /** Which cluster of this name it is of: pgBackRest counts them. */
  readonly generation: number;
  readonly startedAt: Date;
  /** No earlier moment can be recovered from it. */
  readonly finishedAt: Date;
  readonly firstSegment: string;
  readonly lastSegment: string;
  /** The place in the log from which it is whole, such as 0/3000100. */
  readonly consistentAt: string | undefined;
  readonly bytes: number;
}

/** One finished segment of the log in the archive. */
export interface ArchivedSegment {
  readonly timeline: number;
  /** Its number since the beginning of the log. */
  readonly position: number;
  readonly archivedAt: Date;
}

/** A span of time of which every moment can be recovered. */
export interface Window {
  readonly from: Date;
  /** When the last segment was archived: what was committed later is not in it. */
  readonly to: Date;
  /** The backup that it begins with. */
  readonly backup: BaseBackup;
  /** The last segment. */
  readonly end: ArchivedSegment;
}

/** PostgreSQL's own size of a segment, which the cluster is made with. */
const SEGMENT_BYTES = 16 * 1024 * 1024;
const SEGMENTS_PER_FILE = 2 ** 32 / SEGMENT_BYTES;

/** Reads a segment's name, `TTTTTTTTXXXXXXXXYYYYYYYY`, wherever it stands in a path; undefined for anything else. */
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

/** A place in the log, such as 16/B374D848, as a number. */
export function parsePlace(place: string): bigint | undefined {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(place) ?? [];
  if (!high || !low) return undefined;
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

/** Where in the log a segment begins. */
export const placeAt = ({ position }: Pick<ArchivedSegment, "position">): bigint =>
  BigInt(position) * BigInt(SEGMENT_BYTES);

/** The first place in the log that a window does not reach. */
export const placeAfter = ({ end }: Window): bigint => placeAt({ position: end.position + 1 });

/**
 * What can be recovered: from each backup as far as its log has no gap. Spans that follow from several backups are one,
 * which begins with the oldest. `segments` come in the order of the log.
 */
export function windows(backups: readonly BaseBackup[], segments: readonly ArchivedSegment[]): Window[] {
  const found: Window[] = [];
  for (const backup of [...backups].sort((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime())) {
    const first = parseSegment(backup.firstSegment, backup.startedAt);
    const last = parseSegment(backup.lastSegment, backup.finishedAt);
    const end = first && endOfLog(first, segments);
    if (!end || !last || end.position < last.position) continue; // not even the log of its own making is there
    const from = backup.finishedAt;
    const to = end.archivedAt.getTime() < from.getTime() ? from : end.archivedAt;
    const before = found.at(-1);
    if (before && before.end.position === end.position && before.end.timeline === end.timeline) continue;
    found.push({ from, to, backup, end });
  }
  return found;
}

/** The last segment that is reached from `first` one after the other; a later timeline goes on where one before ends. */
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

/** Whether segments were archived after a gap that no backup has closed since. */
export function hasGap(found: readonly Window[], segments: readonly ArchivedSegment[]): boolean {
  const reached = found.at(-1)?.end.position;
  const newest = segments.at(-1)?.position;
  return reached !== undefined && newest !== undefined && newest > reached;
}
