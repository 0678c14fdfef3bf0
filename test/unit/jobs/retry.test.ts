import { describe, expect, it } from "vitest";
import { retry } from "../../../jobs/shared";

const quick = { attempts: 4, firstDelayMs: 1, longestDelayMs: 2 };

describe("retry", () => {
  it("answers what the first successful attempt answers", async () => {
    const failing = async (attempt: number) => {
      if (attempt < 3) throw new Error("not yet");
      return attempt;
    };

    expect(await retry(failing, quick)).toBe(3);
  });

  it("gives up with the last error after the last attempt", async () => {
    await expect(
      retry(async (attempt) => Promise.reject(new Error(`failure ${attempt}`)), quick),
    ).rejects.toThrow("failure 4");
  });

  it("does not repeat what is not worth it", async () => {
    let attempts = 0;
    const action = async () => {
      attempts++;
      throw new Error("wrong password");
    };

    await expect(retry(action, { ...quick, retryable: () => false })).rejects.toThrow("wrong password");
    expect(attempts).toBe(1);
  });

  it("stops waiting as soon as the job is stopped", async () => {
    const controller = new AbortController();
    const endless = retry(async () => Promise.reject(new Error("down")), {
      attempts: 99,
      firstDelayMs: 1e6,
      longestDelayMs: 1e6,
      signal: controller.signal,
      onRetry: () => 1e6,
    });
    controller.abort(new Error("stopped"));

    await expect(endless).rejects.toThrow();
  });
});
