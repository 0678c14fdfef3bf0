import { describe, expect, it } from "vitest";
import { archiveQueueGib, diskReport, diskUse, parseSettings } from "../../../../components/settings";
import { rawSettings, withValue } from "../../../rigs/platform/stacks";

const settingsWith = (section: string, value: object) =>
  parseSettings(withValue(rawSettings("prod"), section, value));

describe("the disks of the servers", () => {
  it("hold the archive's queue for a day of segments of 16 MiB, one every 30 s, unless the settings say otherwise", () => {
    expect(archiveQueueGib(parseSettings(rawSettings("prod")))).toBe((24 * 120 * 16) / 1024);
    expect(archiveQueueGib(settingsWith("postgres", { archiveQueueHours: 2 }))).toBe(4);
    expect(archiveQueueGib(parseSettings(rawSettings("staging")))).toBe(8);
  });

  it("are counted with the members, their queues and MinIO's drives, each server for itself", () => {
    // A member of 10 GiB with a queue of 45, two drives of 20, a Prometheus of 15, logs of 4, and 20 for all else.
    expect(diskUse(parseSettings(rawSettings("prod")))?.askedGib).toBe(134);
    expect(diskUse(settingsWith("postgres", { archiveQueueHours: 1, volumeGib: 100 }))?.askedGib).toBe(181);
    expect(diskUse(settingsWith("postgres", { storageClass: "elsewhere" }))?.askedGib).toBe(79);
  });

  it("are enough in every sample stack, and a preview warns where they are not, and says what to change", () => {
    for (const stack of ["dev", "staging", "prod"] as const) {
      const use = diskUse(parseSettings(rawSettings(stack)));
      expect(use && diskReport(use).warning, stack).toBeUndefined();
      expect(use && diskReport(use).fact).toMatch(/volumes take up to \d+ of \d+ GiB/);
    }
    const use = diskUse(settingsWith("postgres", { archiveQueueHours: 100 }));
    expect(use && diskReport(use).warning).toMatch(/volumes may take up to 277 GiB .*archiveQueueHours/);
  });
});
