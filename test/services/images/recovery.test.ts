import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PATHS } from "../../../components/data/postgres/paths";
import { IMAGE_PROGRAMS, imageArchive, UnpackedImage } from "../../rigs/kubernetes/image";
import { describeWith } from "../../rigs/programs";

describeWith(IMAGE_PROGRAMS, "the image that makes and recovers base backups", () => {
  let folder: string;
  let image: UnpackedImage;
  let members: UnpackedImage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-image-"));
    image = await UnpackedImage.open(await imageArchive("recovery"), join(folder, "image"));
    members = await UnpackedImage.open(await imageArchive("postgres"), join(folder, "members"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("runs the jobs as the members' user", async () => {
    expect(image.configuration.User).toBe(members.configuration.User);
    const { code, stdout, stderr } = await image.run(["--help"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^ {2}backup /m);
  });

  it.each([
    [`${PATHS.programs}/postgres`, "--version"],
    [`${PATHS.programs}/pg_dump`, "--version"],
    [`${PATHS.programs}/pg_ctl`, "--version"],
    ["pgbackrest", "version"],
  ])("has %s of exactly the members' release", async (...command) => {
    const own = await image.exec(command);
    expect(own.code, own.stderr).toBe(0);
    expect(own.stdout).toBe((await members.exec(command)).stdout);
  });

  it("is the members' image with the program and the bundle of the jobs laid over it, and nothing else", () => {
    const own = image.layerBytes.slice(0, members.layerBytes.length);
    expect(own).toEqual(members.layerBytes);
    expect(image.layerBytes.length - own.length).toBeLessThanOrEqual(2);
  });
});
