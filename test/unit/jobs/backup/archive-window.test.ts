import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMoment, requireReachable, type Target } from "../../../../jobs/backup/archive/target";
import {
  type ArchivedSegment,
  type BaseBackup,
  hasGap,
  parseSegment,
  windows,
} from "../../../../jobs/backup/archive/window";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 21, 10, minute));
const segment = (position: number, timeline = 1): ArchivedSegment => ({
  position,
  timeline,
  archivedAt: at(position),
});
const name = (position: number, timeline = 1) =>
  [timeline, 0, position].map((part) => part.toString(16).toUpperCase().padStart(8, "0")).join("");
const backup = (position: number, timeline = 1): BaseBackup => ({
  label: `20261121-10${String(position).padStart(2, "0")}00F`,
  type: "full",
  generation: 1,
  startedAt: at(position),
  finishedAt: at(position),
  firstSegment: name(position, timeline),
  lastSegment: name(position, timeline),
  consistentAt: `0/${(position * 16 * 1024 * 1024 + 256).toString(16)}`,
  bytes: 1,
});
const range = (from: number, to: number, timeline = 1) =>
  Array.from({ length: to - from + 1 }, (_, index) => segment(from + index, timeline));
const spans = (found: ReturnType<typeof windows>) =>
  found.map(({ from, to }) => [from.getUTCMinutes(), to.getUTCMinutes()]);

describe("what can be recovered", () => {
  it("begins when a backup was done and ends with the last segment of the log", () => {
    expect(spans(windows([backup(3), backup(5)], range(1, 9)))).toEqual([[3, 9]]);
  });

  it("ends before a gap, and begins again with the backup after it", () => {
    const segments = [...range(2, 5), ...range(8, 12)];

    expect(spans(windows([backup(3)], segments))).toEqual([[3, 5]]);
    expect(hasGap(windows([backup(3)], segments), segments)).toBe(true);
    expect(spans(windows([backup(3), backup(10)], segments))).toEqual([
      [3, 5],
      [10, 12],
    ]);
    expect(hasGap(windows([backup(3), backup(10)], segments), segments)).toBe(false);
  });

  it("goes on over a change of the leader, whose first segment may be that in which the former one ended", () => {
    const segments = [...range(1, 4, 1), ...range(5, 7, 2), ...range(7, 9, 3)].sort(
      (a, b) => a.position - b.position || a.timeline - b.timeline,
    );

    expect(spans(windows([backup(2)], segments))).toEqual([[2, 9]]);
  });

  it("does not count a backup whose own log is missing", () => {
    expect(windows([backup(3)], [])).toEqual([]);
    expect(windows([{ ...backup(3), lastSegment: name(5) }], range(3, 4))).toEqual([]);
  });

  it("never promises a moment between two segments of which one is missing", () => {
    const positions = fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(positions, positions, (held, backups) => {
        const segments = [...held].sort((a, b) => a - b).map((position) => segment(position));
        for (const { from, to } of windows(
          backups.map((position) => backup(position)),
          segments,
        )) {
          for (let minute = from.getUTCMinutes(); minute <= to.getUTCMinutes(); minute++) {
            expect(held).toContain(minute);
          }
        }
      }),
    );
  });
});

describe("a segment's name", () => {
  it("is read as the archive writes it, and nothing else is taken for one", () => {
    const hash = "f8fc5e24cc8c7e66e615f493ea5d256868ac7ae4";
    expect(parseSegment(`0000000200000001/0000000200000001000000FF-${hash}.zst`, at(0))).toEqual({
      timeline: 2,
      position: 511,
      archivedAt: at(0),
    });
    for (const other of [
      `0000000100000000/000000010000000000000006.partial-${hash}.zst`,
      `0000000100000000/000000010000000000000002.00000028.backup`,
      "00000002.history",
      "0000000100000000",
    ]) {
      expect(parseSegment(other, at(0))).toBeUndefined();
    }
  });
});

describe("a moment", () => {
  it("is read in any zone and to the microsecond", () => {
    expect(parseMoment("2026-11-21 10:00:00.123456+01")?.text).toBe("2026-11-21 09:00:00.123456+00");
    expect(parseMoment("2026-11-21T10:00:00Z")?.text).toBe("2026-11-21 10:00:00+00");
    expect(parseMoment("2026-11-21 10:00 +0530")?.text).toBe("2026-11-21 04:30:00+00");
  });

  it("is none without a zone: the same words would mean another moment elsewhere", () => {
    for (const given of ["2026-11-21 10:00:00", "yesterday", "2026-13-21 10:00:00Z", ""]) {
      expect(parseMoment(given)).toBeUndefined();
    }
  });
});

describe("a target that cannot be recovered", () => {
  const found = windows([backup(3), backup(10)], [...range(2, 5), ...range(9, 12)]);
  const refusal = (target: Target) => {
    try {
      requireReachable(target, found, at(30));
    } catch (error) {
      return String(error);
    }
    return undefined;
  };
  const moment = (minute: number): Target => ({
    kind: "time",
    moment: { date: at(minute), text: `10:${minute}` },
  });

  it("is refused with what can", () => {
    expect(refusal(moment(1))).toMatch(
      /before the first backup; recoverable is from 2026-11-21 10:03:01\+00/,
    );
    expect(refusal(moment(20))).toMatch(/after the last segment/);
    expect(refusal(moment(40))).toMatch(/in the future/);
    expect(refusal(moment(7))).toMatch(/lies in a gap/);
    expect(refusal({ kind: "lsn", place: "0/100" })).toMatch(/not in the archive/);
    expect(refusal({ kind: "lsn", place: "7/0" })).toMatch(/not in the archive/);
  });

  it("is not refused within a window", () => {
    expect(refusal(moment(4))).toBeUndefined();
    expect(refusal(moment(12))).toBeUndefined();
    expect(refusal({ kind: "lsn", place: "0/4000000" })).toBeUndefined();
    expect(refusal({ kind: "latest" })).toBeUndefined();
  });

  it("is any while there is no backup", () => {
    expect(() => requireReachable({ kind: "latest" }, [], at(1))).toThrow("jobs backup base --type full");
  });
});
