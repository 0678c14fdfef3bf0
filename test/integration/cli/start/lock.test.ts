import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { holdFolder } from "../../../../cli/start/lock";
import { freePort } from "../../../rigs/postgres/postgres";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "trellis-lock-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("a folder is held by one run at a time", async () => {
  const release = await holdFolder(folder);
  await expect(holdFolder(folder)).rejects.toThrow(/another npm start runs in this checkout \(process \d+\)/);

  release();
  (await holdFolder(folder))();
});

it("a folder whose holder was killed is held by the next run", async () => {
  const left = { pid: 1, port: await freePort(), word: "of a run that is no more" };
  writeFileSync(join(folder, "running"), JSON.stringify(left));

  (await holdFolder(folder))();
});
