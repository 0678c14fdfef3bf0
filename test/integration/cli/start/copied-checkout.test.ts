import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { claim } from "../../../../cli/start/ownership";
import { smallCheckout } from "../../../rigs/cli/small-checkout";
import { trellis } from "../../../rigs/cli/trellis";

let folder: string;
/** A checkout with the data of a run: a part in the checkout, and a database outside of it. */
let original: string;
let home: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trellis-copy-"));
  original = smallCheckout(join(folder, "original"));
  home = mkdtempSync("/var/tmp/trellis-");
  const local = join(original, ".local");
  mkdirSync(local);
  claim(local);
  claim(local, home);
  writeFileSync(join(local, "postgres-is-in"), `${home}\n`);
});
afterEach(() => {
  for (const each of [folder, home]) rmSync(each, { recursive: true, force: true });
});

const run = (checkout: string, ...words: string[]) =>
  trellis(words, { cwd: checkout, program: join(checkout, "cli/trellis.mjs") });

it("a copied checkout neither starts on the database of its original nor deletes it; a moved one keeps it", async () => {
  const copy = join(folder, "copy");
  cpSync(original, copy, { recursive: true, verbatimSymlinks: true });

  const started = await run(copy, "start");
  expect(started).toMatchObject({ code: 1, stdout: "" });
  expect(started.stderr).toContain(`was copied from the checkout ${original}, whose database it would share`);

  const cleaned = await run(copy, "clean", "--yes");
  expect(cleaned).toMatchObject({ code: 0, stderr: "" });
  expect(cleaned.stdout).toContain(`kept the database of ${original}`);
  expect([home, join(original, ".local"), join(copy, ".local")].map(existsSync)).toEqual([true, true, false]);

  const moved = join(folder, "moved");
  renameSync(original, moved);
  const asked = await run(moved, "clean");
  expect(asked.stderr).toContain(`  ${home}\n`);
  expect(existsSync(home)).toBe(true);
  expect(await run(moved, "clean", "--yes")).toMatchObject({ code: 0, stderr: "" });
  expect([home, join(moved, ".local")].map(existsSync)).toEqual([false, false]);
});

it("of two copies whose original is gone, the first that starts keeps the database", () => {
  const locals = ["first", "second"].map((name) => {
    cpSync(join(original, ".local"), join(folder, name, ".local"), { recursive: true });
    return join(folder, name, ".local");
  });
  rmSync(original, { recursive: true });
  const [first = "", second = ""] = locals;
  claim(first);
  claim(first, home);
  claim(second);
  expect(() => claim(second, home)).toThrow(`copied from the checkout ${join(folder, "first")}`);
});

it("a link to another checkout's data is not one's own", () => {
  const linked = join(folder, "linked/.local");
  mkdirSync(join(folder, "linked"));
  symlinkSync(join(original, ".local"), linked);
  expect(() => claim(linked)).toThrow(`copied from the checkout ${original}`);
});
