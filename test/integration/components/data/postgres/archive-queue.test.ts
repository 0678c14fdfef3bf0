import { execFileSync } from "node:child_process";
import { statfsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { describeWith, program } from "../../../../rigs/programs";

const SCRIPT = `
import os, runpy, sys
wrapper = runpy.run_path(sys.argv[1], run_name="imported")
wrapper["limit_archive_queue"](os.environ)
print(os.environ.get("PGBACKREST_ARCHIVE_PUSH_QUEUE_MAX"))
`;

describeWith(["patroni"], "the limit of a member's queue of WAL for the archive", () => {
  const limitWith = (environment: Record<string, string>) =>
    execFileSync(
      join(dirname(program("patroni")), "python3"),
      ["-c", SCRIPT, resolve("components/data/postgres/images/member/trellis-patroni.py")],
      { env: { PATH: process.env.PATH, ...environment }, encoding: "utf8" },
    ).trim();

  it("is that of the settings where the volume has the room", () => {
    expect(limitWith({ ARCHIVE_QUEUE_BYTES: "1048576", ARCHIVE_VOLUME: "/" })).toBe("1048576");
  });

  it("is three fifths of a volume that is smaller than the settings say", () => {
    const { blocks, bsize } = statfsSync("/");
    const limit = Number(limitWith({ ARCHIVE_QUEUE_BYTES: String(2 ** 60), ARCHIVE_VOLUME: "/" }));
    expect(limit / (blocks * bsize)).toBeCloseTo(0.6, 3);
  });

  it("is left to pgBackRest's file where there is no archive", () => {
    expect(limitWith({})).toBe("None");
  });
});
