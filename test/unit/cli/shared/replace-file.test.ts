import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { replaceFile } from "../../../../cli/shared/replace-file";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trellis-replace-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string) => statSync(path).mode & 0o777;

it("gives a new file its mode, and a replaced one the mode that it had", () => {
  const path = join(folder, "file");
  replaceFile(path, "one", { mode: 0o600 });
  expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["one", 0o600]);
  chmodSync(path, 0o640);
  replaceFile(path, "two");
  expect([readFileSync(path, "utf8"), modeOf(path)]).toEqual(["two", 0o640]);
});

it("replaces the file that a link leads to", () => {
  writeFileSync(join(folder, "file"), "one");
  symlinkSync("file", join(folder, "link"));
  replaceFile(join(folder, "link"), "two");
  expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
  expect(readFileSync(join(folder, "file"), "utf8")).toBe("two");
});

it("leaves the former file, and nothing beside it, when the new one cannot take its place", () => {
  const path = join(folder, "file");
  writeFileSync(path, "one");
  const before = () => {
    throw new Error("the former file cannot be kept");
  };
  expect(() => replaceFile(path, "two", { before })).toThrow("the former file cannot be kept");
  expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["one", ["file"]]);
});
