import { describe, expect, it } from "vitest";
import { loginLimit } from "../../../../../components/shared/pods";

/** The most that one address gets through in a minute, by Traefik's rules, if it pauses whenever that opens more to it. */
function mostInAMinute({ rateLimit: { average, period, burst } }: ReturnType<typeof loginLimit>): number {
  const perSecond = average / (Number.parseInt(period, 10) * 60);
  const forgottenAfter = perSecond >= 1 ? 2 : 1 + Math.floor(1 / perSecond);
  const steadily = burst + Math.floor(60 * perSecond);
  return Math.max(steadily, burst * Math.ceil(60 / forgottenAfter));
}

describe("a limit of logins", () => {
  it.each([1, 2, 5, 10, 12, 20, 30, 31, 60, 299, 300, 301, 1000, 10_000])(
    "lets no address send more than %i in a minute, however it pauses",
    (perMinute) => {
      expect(mostInAMinute(loginLimit(perMinute))).toBeLessThanOrEqual(perMinute);
    },
  );

  it("is judged rightly: with a burst of a minute's requests, pauses open fifteen times as many", () => {
    expect(mostInAMinute({ rateLimit: { average: 20, period: "1m", burst: 20 } })).toBe(300);
  });

  it("lets a person mistype, and a program take the steps of a second factor", () => {
    for (const perMinute of [20, 30]) expect(loginLimit(perMinute).rateLimit.burst).toBeGreaterThanOrEqual(5);
  });
});
