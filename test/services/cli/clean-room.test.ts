import { afterEach, expect, it } from "vitest";
import { CleanRoom } from "../../rigs/cli/clean-room";
import { IMAGE_PROGRAMS } from "../../rigs/kubernetes/image";
import { describeWith } from "../../rigs/programs";

const LIMIT = { timeout: 20 * 60_000 };
const NODE = { uid: 1000, gid: 1000, home: "/home/node" };
const ROOT = { uid: 0, gid: 0, home: "/root" };

/** The README's two commands, and how long each took. */
const README = "date +%s; npm ci && date +%s && npm start; code=$?; date +%s; exit $code";

/** The exit code of a run that is well but made no backup. */
const UNSAVED = 3;

describeWith([...IMAGE_PROGRAMS, "git"], "a fresh clone on a Debian without network", () => {
  let room: CleanRoom | undefined;
  afterEach(() => room?.remove());

  it(
    "runs as an ordinary user with Node and npm and nothing else; backups are skipped, and why is said",
    LIMIT,
    async () => {
      room = await CleanRoom.open("node", NODE);
      const { code, stdout, stderr } = await room.run(README);

      expect(code, stdout + stderr).toBe(UNSAVED);
      expect(stdout).toMatch(/◐ well, but no backup: \d+ steps ran, 0 failed/);
      expect(stdout).toMatch(/– backup create .*needs pg_dump, pg_restore, zstd on the PATH/);
      report(stdout);
    },
  );

  it("runs as root with a pg_dump that fits, and backs up, verifies and restores", LIMIT, async () => {
    room = await CleanRoom.open("jobs", ROOT);
    const { code, stdout, stderr } = await room.run(README);

    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/all passed: \d+ steps ran, 0 failed/);
    for (const verb of ["create", "verify", "drill", "prune"]) {
      expect(stdout, verb).toMatch(new RegExp(`✓ backup ${verb} `));
    }
    expect(stdout).toMatch(/^backups +\d+ in the bucket/m);
    report(stdout);

    const alone = await room.run("npm start -- --only backup");
    expect(alone.code, alone.stdout + alone.stderr).toBe(0);
    expect(alone.stdout).toMatch(/✓ backup drill /);
  });
});

function report(stdout: string): void {
  const [begun = 0, installed = 0, ended = 0] = [...stdout.matchAll(/^\d{10}$/gm)].map(Number);
  console.info(`npm ci ${installed - begun} s, npm start ${ended - installed} s`);
}
