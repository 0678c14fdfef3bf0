import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { describeWith, program } from "../../../../rigs/programs";

const SCRIPT = resolve("components/data/postgres/images/member/trellis-archive-gap.py");
const SEGMENT_BYTES = 16 * 1024 * 1024;
const DIGEST = "891518e8616824b873aea8ea4dfc886b7f733500";

/** `1/0E` is the fifteenth segment of the first timeline. */
const nameOf = (short: string) => {
  const [timeline = "", position = ""] = short.split("/");
  return `${timeline.padStart(8, "0")}00000000${position.padStart(8, "0")}`;
};

describeWith(["pgbackrest", "python3"], "a member that begins to lead", () => {
  let folder: string;
  let status: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "trellis-archive-gap-"));
    status = join(folder, "data/pg_wal/archive_status");
    mkdirSync(status, { recursive: true });
    server("in production");
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** As the server's control file tells pg_ctl. */
  const server = (state: "recovers" | "in production") => {
    const control = Buffer.alloc(8192);
    control.writeInt32LE(state === "recovers" ? 5 : 6, 16);
    mkdirSync(join(folder, "data/global"), { recursive: true });
    writeFileSync(join(folder, "data/global/pg_control"), control);
  };
  const segments = (marks: Record<string, "done" | "ready" | "none">) => {
    for (const [short, mark] of Object.entries(marks)) {
      const file = join(folder, "data/pg_wal", nameOf(short));
      writeFileSync(file, "");
      truncateSync(file, SEGMENT_BYTES);
      if (mark !== "none") writeFileSync(join(status, `${nameOf(short)}.${mark}`), "");
    }
  };
  const history = (timeline: string, text: string) =>
    writeFileSync(join(folder, `data/pg_wal/${timeline.padStart(8, "0")}.history`), text);
  const archived = (...shorts: string[]) => {
    for (const name of shorts.map(nameOf)) {
      const place = join(folder, "repository/archive/trellis/18-1", name.slice(0, 16));
      mkdirSync(place, { recursive: true });
      writeFileSync(join(place, `${name}-${DIGEST}.zst`), "");
    }
  };
  const line = (role: string) => {
    const pgbackrest = [
      program("pgbackrest"),
      "--stanza=trellis",
      `--repo1-path=${join(folder, "repository")}`,
    ];
    return [SCRIPT, ...pgbackrest, join(folder, "data"), "on_role_change", role, "trellis"];
  };
  const marked = () => {
    const ready = readdirSync(status).filter((name) => name.endsWith(".ready"));
    return ready.map((name) => name.slice(0, 24)).sort();
  };
  const lead = (role = "primary") => {
    const said = execFileSync("python3", line(role), { encoding: "utf8", timeout: 60_000 });
    return { said, ready: marked() };
  };

  it("archives what the former leader had finished and not archived, and nothing twice", () => {
    segments({ "1/0B": "done", "1/0C": "done", "1/0D": "done" });
    archived("1/0B", "1/0C");

    expect(lead().ready).toEqual([nameOf("1/0D")]);
  });

  it("archives the segment between two that the former leader died at, which nobody has marked", () => {
    segments({ "1/0C": "done", "1/0D": "done", "1/0E": "none", "2/0F": "none" });
    history("2", "1\t0/F000000\tno recovery target specified\n");
    archived("1/0C");

    const { said, ready } = lead();

    expect(ready).toEqual([nameOf("1/0D"), nameOf("1/0E")]);
    expect(JSON.parse(said)).toEqual({
      message: "segments of the former leader to archive",
      segments: [nameOf("1/0D"), nameOf("1/0E")],
    });
  });

  it("waits until the promotion is done, since only then it is known where the former timeline ended", async () => {
    segments({ "1/0E": "none" });
    archived("1/0D");
    server("recovers");
    const script = spawn("python3", line("primary"), {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 120_000,
    });
    const ended = once(script, "exit");

    const [said] = await once(script.stdout, "data");
    expect(String(said)).toContain("the server is still in recovery");
    expect(marked()).toEqual([]);
    history("2", "1\t0/F000000\tno recovery target specified\n");
    server("in production");

    expect(await ended).toEqual([0, null]);
    expect(marked()).toEqual([nameOf("1/0E")]);
  });

  it("leaves alone what the old timeline never finished, and what it writes itself", () => {
    segments({ "1/0E": "none", "1/0F": "none", "2/0E": "none", "2/0F": "ready" });
    history("2", "1\t0/E000100\tno recovery target specified\n");
    archived("1/0D");

    expect(lead().ready).toEqual([nameOf("2/0F")]);
  });

  it("knows the end of each of several timelines, whatever the size of the log", () => {
    segments({ "1/FF": "none" });
    const next = `${"2".padStart(8, "0")}0000000100000000`;
    writeFileSync(join(folder, "data/pg_wal", next), "");
    truncateSync(join(folder, "data/pg_wal", next), SEGMENT_BYTES);
    history("2", "1\t1/0\tno recovery target specified\n");
    history("3", "1\t1/0\tno recovery target specified\n2\t1/1000000\tno recovery target specified\n");
    archived("1/FE");

    expect(lead().ready).toEqual([nameOf("1/FF"), next]);
  });

  it("does nothing where it only follows, or where the archive does not know the cluster yet", () => {
    segments({ "1/0D": "done" });
    expect(lead("replica").ready).toEqual([]);
    mkdirSync(join(folder, "repository/archive/trellis"), { recursive: true });
    const { said, ready } = lead();
    expect(ready).toEqual([]);
    expect(said).toContain("the archive has no entry for this cluster yet");
  });
});
