import { describe, expect, it } from "vitest";
import { today } from "../../../../components/shared/days";
import { judgeSupport } from "../../../../components/shared/support-window";

const PINS = {
  postgres: { version: "17", why: "tested", supportedUntil: "2029-11-08" },
  fork: { version: "1", why: "no dates" },
};
const on = (day: string) => new Date(`${day}T12:00:00Z`);

describe("the support window of a pin", () => {
  it("says nothing while its end is further than 90 days away", () => {
    expect(judgeSupport(PINS, on("2029-08-01"))).toEqual({ ended: [], warnings: [] });
  });

  it("warns 90 days before its end and until the end of its last day", () => {
    for (const day of ["2029-08-11", "2029-11-08"]) {
      const { ended, warnings } = judgeSupport(PINS, on(day));
      expect(ended).toEqual([]);
      expect(warnings).toEqual([expect.stringContaining("postgres 17 is supported until 2029-11-08")]);
    }
  });

  it("fails once it has ended, and says what to do", () => {
    const { ended } = judgeSupport(PINS, on("2029-11-09"));

    expect(ended).toEqual([expect.stringContaining("update its pin in components/shared/versions.ts")]);
  });

  it("only warns of an end that the settings accept", () => {
    const { ended, warnings } = judgeSupport(PINS, on("2030-01-01"), ["postgres"]);

    expect(ended).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it("is compared with the day that SOURCE_DATE_EPOCH names, so that a run can be repeated", () => {
    expect(today({ SOURCE_DATE_EPOCH: "86400" })).toEqual(new Date("1970-01-02T00:00:00Z"));
  });
});
