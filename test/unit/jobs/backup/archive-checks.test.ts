import { describe, expect, it } from "vitest";
import { checkMetrics } from "../../../../jobs/backup/archive/checks";
import { momentIn } from "../../../../jobs/backup/archive/drill";
import { problemsIn } from "../../../../jobs/backup/archive/verify";

describe("the checks of the archive", () => {
  it("find in pgBackRest's words what is damaged or missing, and nothing where all is well", () => {
    const good = `stanza: trellis
status: ok
  archiveId: 15-1, total WAL checked: 4, total valid WAL: 4
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261121-003000F, status: valid, total files checked: 962, total valid files: 962
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0`;
    expect(problemsIn(good)).toEqual([]);
    expect(problemsIn("")).toEqual([]); // what 2.45 prints where all is well
    const bad = `stanza: trellis
status: error
  archiveId: 15-1, total WAL checked: 2, total valid WAL: 1
    other: 1
  backup: 20261129-213608F, status: invalid, total files checked: 964, total valid files: 927
    missing: 37`;
    expect(problemsIn(bad)).toEqual([
      "status: error",
      "other: 1",
      "backup: 20261129-213608F, status: invalid, total files checked: 964, total valid files: 927",
      "missing: 37",
    ]);
  });

  it("choose a moment after the newest backup, and within what was archived", () => {
    const window = { from: new Date("2026-11-15T00:40:00Z"), to: new Date("2026-11-21T12:00:00Z") };
    const backedUp = new Date("2026-11-21T00:40:00Z");
    expect(momentIn(window, backedUp, 0)).toBe("2026-11-21 00:40:01.000+00");
    expect(momentIn(window, backedUp, 0.999999) < "2026-11-21 12:00:00.000+00").toBe(true);
  });

  it("are metrics by check and repository", () => {
    const record = { at: "2026-11-21T12:00:00.000Z", seconds: 90, good: false, detail: "damaged" };
    const [at, good, seconds] = checkMetrics([{ labels: { check: "verify", repository: 2 }, record }]);
    const labels = { check: "verify", repository: 2 };
    expect(at?.samples).toEqual([{ labels, value: Date.parse(record.at) / 1000 }]);
    expect(good?.samples).toEqual([{ labels, value: 0 }]);
    expect(seconds?.samples).toEqual([{ labels, value: 90 }]);
  });
});
