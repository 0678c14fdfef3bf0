import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { base94 } from "../../../../../components/shared/base94";
import { pack } from "../../../../../components/shared/packed-files";
import type { TarEntry } from "../../../../../components/shared/tar";
import { ANY_TEXTS, packedFiles } from "../../../../rigs/machine/packed-texts";
import { repository } from "../../../../rigs/platform/stacks";
import { describeWith, program } from "../../../../rigs/programs";

const SCRIPT = join(repository, "components/servers/machine/unpack.py");

describeWith(["python3", "tar"], "the files in user data, unpacked on a machine", () => {
  const scratch = mkdtempSync(join(tmpdir(), "trellis-unpack-"));
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const archive = join(scratch, "files.tar.gz");

  const unpackOnMachine = (entries: readonly TarEntry[]) => {
    writeFileSync(join(scratch, "files.txt"), base94(pack(entries)));
    execFileSync(program("python3"), [SCRIPT, join(scratch, "files.txt"), archive]);
  };

  it("are what was packed, to the byte", () => {
    const [texts] = fc.sample(fc.array(ANY_TEXTS, { minLength: 60, maxLength: 60 }), { numRuns: 1, seed: 5 });
    const all = (texts ?? []).flat();
    unpackOnMachine(packedFiles(all));
    execFileSync(program("tar"), ["-xzf", archive, "-C", scratch]);

    expect(all.length).toBeGreaterThan(60);
    expect(all.map((_, index) => readFileSync(join(scratch, `files/${index}`), "utf8"))).toEqual(all);
  });

  it("have their modes and owners, and a time before that of any cluster", () => {
    unpackOnMachine([
      { path: "/etc/etcd", mode: "0700", owner: "etcd" },
      { path: "/etc/etcd/key", mode: "0640", owner: "root:etcd", content: "secret" },
    ]);
    const listed = execFileSync(program("tar"), ["--utc", "-tvzf", archive], { encoding: "utf8" });

    expect(listed.replaceAll(/ +/g, " ").trim().split("\n")).toEqual([
      "drwx------ etcd/etcd 0 2000-01-01 00:00 etc/etcd/",
      "-rw-r----- root/etcd 6 2000-01-01 00:00 etc/etcd/key",
    ]);
  });

  it("are refused where they are damaged, and leave no archive", () => {
    rmSync(archive, { force: true });
    writeFileSync(join(scratch, "files.txt"), base94(Buffer.from("no brotli stream")));
    expect(() =>
      execFileSync(program("python3"), [SCRIPT, join(scratch, "files.txt"), archive], { stdio: "pipe" }),
    ).toThrow("trellis: the user data is damaged");
    expect(() => readFileSync(archive)).toThrow("ENOENT");
  });
});
