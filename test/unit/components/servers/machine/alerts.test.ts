import { describe, expect, it } from "vitest";
import { serverAlerts } from "../../../../../components/servers";

describe("the alerts of a server", () => {
  it("tell of its loss, of a full disk, of a clock that nobody corrects and of one that is wrong", () => {
    expect(serverAlerts().map(({ alert, labels }) => [alert, labels.severity])).toEqual([
      ["ServerDown", "critical"],
      ["ServerDiskFills", "warning"],
      ["ServerDiskNearlyFull", "critical"],
      ["ServerClockUnsynchronised", "warning"],
      ["ServerClockWrong", "warning"],
    ]);
  });
});
