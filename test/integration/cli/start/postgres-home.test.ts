import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { postgresElsewhere, unprivilegedUser } from "../../../../cli/start/services";
import { postgresHome } from "../../../../cli/start/services/postgres-home";

const isRoot = process.getuid?.() === 0;

let closed: string;
beforeEach(() => {
  closed = mkdtempSync(join(tmpdir(), "trellis-home-")); // its owner alone can enter it, as /root
});
afterEach(() => {
  const elsewhere = postgresElsewhere(join(closed, "local"));
  if (elsewhere) rmSync(elsewhere, { recursive: true });
  rmSync(closed, { recursive: true, force: true });
});

function programsIn(place: string, release: string) {
  const folder = join(place, release, "bin");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "postgres"), release);
  chmodSync(join(folder, "postgres"), 0o755);
  return { folder, release, major: Number.parseInt(release, 10) };
}

it.runIf(isRoot)(
  "programs that PostgreSQL's user cannot reach are copied, each release for itself (needs root)",
  async () => {
    const local = join(closed, "local");
    const home = async (release: string) =>
      postgresHome(local, programsIn(closed, release), unprivilegedUser());
    for (const release of ["17.9", "17.10", "17.9"]) {
      const { binaries } = await home(release);
      expect(binaries.startsWith(closed)).toBe(false);
      expect(readFileSync(join(binaries, "postgres"), "utf8")).toBe(release);
    }
    expect((await home("17.9")).folder).toBe((await home("17.10")).folder); // the data is the same
  },
);

it.runIf(isRoot)("programs that everybody can reach stay where they are (needs root)", async () => {
  const open = mkdtempSync(join(tmpdir(), "trellis-programs-"));
  chmodSync(open, 0o755);
  try {
    const programs = programsIn(open, "17.10");
    const { binaries } = await postgresHome(join(closed, "local"), programs, unprivilegedUser());
    expect(binaries).toBe(programs.folder);
  } finally {
    rmSync(open, { recursive: true });
  }
});
