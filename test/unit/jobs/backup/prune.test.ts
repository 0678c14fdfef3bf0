import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Backup, isGood } from "../../../../jobs/backup/store/catalogue";
import { backupName, type Manifest, manifestKey } from "../../../../jobs/backup/store/manifest";
import { chooseExpired } from "../../../../jobs/backup/store/prune";

const NOW = new Date("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;

const ago = (days: number) => backupName(new Date(NOW.getTime() - days * DAY_MS));

const backup = (name: string, state: "good" | "failed" | "torn" | "unreadable" | "unfinished"): Backup => ({
  name,
  keys: state === "unfinished" ? [`${name}/crm.dump.zst`] : [`${name}/crm.dump.zst`, manifestKey(name)],
  bytes: 1,
  // Safe: the choice asks only whether there is one.
  manifest: state === "unfinished" || state === "unreadable" ? undefined : ({} as Manifest),
  verification:
    state === "failed"
      ? { checkedAt: NOW.toISOString(), good: false, problems: ["x"], seconds: 1 }
      : undefined,
  problem: state === "good" || state === "failed" ? undefined : state,
});

const backups = fc
  .uniqueArray(
    fc.tuple(
      fc.integer({ min: -3, max: 90 }),
      fc.constantFrom("good", "failed", "torn", "unreadable", "unfinished" as const),
    ),
    { selector: ([days]) => days, maxLength: 20 },
  )
  .map((all) => all.map(([days, state]) => backup(ago(days), state)));

describe("the choice of what to prune", () => {
  it("never takes the newest good backup, and none at all that was finished where there is no good one", () => {
    fc.assert(
      fc.property(backups, fc.integer({ min: 1, max: 60 }), (all, days) => {
        const expired = chooseExpired(all, NOW, days);
        const good = all
          .filter(isGood)
          .map(({ name }) => name)
          .sort();
        expect(expired.map(({ name }) => name)).not.toContain(good.at(-1));
        if (good.length === 0) expect(expired.every(({ problem }) => problem === "unfinished")).toBe(true);
      }),
    );
  });

  it("takes everything else that is too old, and nothing that is not", () => {
    const all = [
      backup(ago(1), "failed"),
      backup(ago(2), "good"),
      backup(ago(29), "good"),
      backup(ago(31), "good"),
      backup(ago(32), "torn"),
      backup(ago(0.5), "unfinished"),
      backup(ago(1.5), "unfinished"),
      backup(ago(-1), "good"),
    ];
    expect(chooseExpired(all, NOW, 30).map(({ name }) => name)).toEqual([ago(31), ago(32), ago(1.5)]);
  });
});
