import { describe, expect, it } from "vitest";
import { requireYoungEnough, start } from "../../../../jobs/backup/programs";

describe("the programs of PostgreSQL", () => {
  const programs = {
    pgDump: "/bin/pg_dump",
    pgRestore: "/bin/pg_restore",
    psql: "/bin/psql",
    zstd: "/bin/zstd",
    major: 15,
  };

  it("are refused where the server is younger, with what to install", () => {
    expect(() => requireYoungEnough(programs, 18)).toThrow(/PostgreSQL 15 .*postgresql-client-18.*--bin-dir/);
    expect(() => requireYoungEnough(programs, 15)).not.toThrow();
    expect(() => requireYoungEnough(programs, 13)).not.toThrow();
  });

  it("tell in their own words why they failed", async () => {
    const words = ["-e", "process.stderr.write('the disk is full'); process.exitCode = 1"];
    await expect(start(process.execPath, words, {}).ended).rejects.toThrow("node failed: the disk is full");
  });

  it("end at once when the work is stopped", async () => {
    const stop = new AbortController();
    const running = start(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { signal: stop.signal });
    stop.abort(new Error("stopped by SIGTERM"));
    await expect(running.ended).rejects.toThrow("stopped by SIGTERM");
  });
});
