import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { reserveDisk } from "../../../../../components/servers/machine/disk-reserve";
import { DISK_RESERVE } from "../../../../../components/shared/disk-reserve";
import { describeAsRoot, program } from "../../../../rigs/programs";

const PROGRAMS = ["mkfs.ext4", "tune2fs", "mount", "umount", "findmnt", "setpriv", "dd", "truncate"];
const MIB = 2 ** 20;
const [NOBODY, POSTGRES] = [65_534, 999];

describeAsRoot(PROGRAMS, "the end of a server's disk", () => {
  let folder: string;
  let disk: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "trellis-disk-reserve-"));
    chmodSync(folder, 0o755);
    disk = join(folder, "disk");
    mkdirSync(disk);
    const image = join(folder, "image");
    run("truncate", "-s", String(128 * MIB), image);
    run("mkfs.ext4", "-q", "-m", "1", image); // as an image may come
    run("mount", "-o", "loop", image, disk);
    writeFileSync(fstab(), `# by the image\n${image} ${disk}  ext4  loop,errors=remount-ro 0 1\n`);
    for (const _ of [1, 2]) run("sh", "-ec", reserveDisk(disk, fstab())); // the setup may run again
    chmodSync(disk, 0o1777);
  });
  afterAll(() => {
    spawnSync(program("umount"), [disk]);
    rmSync(folder, { recursive: true, force: true });
  });

  const fstab = () => join(folder, "fstab");

  /** Whether a user, with or without the group, can write and sync a file of so many MiB. */
  const writes = (user: number, groups: readonly number[], name: string, mebibytes: number) => {
    const as = ["--reuid", String(user), "--regid", String(user)];
    const with_ = groups.length > 0 ? ["--groups", groups.join(",")] : ["--clear-groups"];
    const copy = [
      "if=/dev/zero",
      `of=${join(disk, name)}`,
      "bs=4k",
      "conv=fsync",
      `count=${mebibytes * 256}`,
    ];
    const { status, stderr } = spawnSync(program("setpriv"), [...as, ...with_, program("dd"), ...copy], {
      encoding: "utf8",
    });
    if (status !== 0) expect(stderr).toContain("No space left on device");
    return status === 0;
  };

  it("is out of space for everybody else, and takes what etcd and PostgreSQL write", () => {
    expect(writes(NOBODY, [], "logs", 200)).toBe(false);
    expect(writes(NOBODY, [], "more-logs", 1)).toBe(false);
    expect(writes(POSTGRES, [DISK_RESERVE.group], "wal", 4)).toBe(true);
  });

  it("is so again after the disk was mounted anew", () => {
    run("umount", disk);
    run("mount", "--fstab", fstab(), disk);
    expect(readFileSync(fstab(), "utf8")).toMatch(/ ext4 {2}loop,errors=remount-ro,resgid=\d+ 0 1\n$/);
    expect(writes(NOBODY, [], "even-more-logs", 1)).toBe(false);
    expect(writes(POSTGRES, [DISK_RESERVE.group], "more-wal", 1)).toBe(true);
  });
});

const run = (name: string, ...words: string[]) => execFileSync(program(name), words, { stdio: "pipe" });
