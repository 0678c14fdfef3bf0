import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { daysOfMonths, startProvider, waterYearWorkbook } from "../../../cli/start/samples";
import { monthOf } from "../../../jobs/rain/calendar";
import {
  buildAfresh,
  entriesOf,
  IMAGE_PROGRAMS,
  imageArchive,
  UnpackedImage,
} from "../../rigs/kubernetes/image";
import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from "../../rigs/postgres/postgres";
import { describeWith } from "../../rigs/programs";
import { importEnvironment } from "../../rigs/rain/record";

const ROOT = resolve(import.meta.dirname, "../../..");
const MIB = 2 ** 20;

describeWith([...IMAGE_PROGRAMS, "git", "chmod"], "the job image", () => {
  let folder: string;
  let image: UnpackedImage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-image-"));
    image = await UnpackedImage.open(await imageArchive("jobs"), join(folder, "image"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const inImage = (path: string) => join(image.root, path);

  it("names every domain when it is asked what it can do", async () => {
    const { code, stdout, stderr } = await image.run(["--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const domains = readdirSync(join(ROOT, "jobs"), { withFileTypes: true })
      .filter(
        (each) =>
          each.isDirectory() && !["shared", "supervisor", "patroni", "node_modules"].includes(each.name),
      )
      .map(({ name }) => name);
    expect(domains.length).toBeGreaterThan(3);
    for (const domain of domains) expect(stdout).toMatch(new RegExp(`^ {2}${domain} `, "m"));
  });

  it("runs as a user that Kubernetes can see is not root, and that owns nothing in it but its home", () => {
    expect(image.configuration.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    const [uid = ""] = (image.configuration.User ?? "").split(":");
    const owned = execFileSync("find", [image.root, "-uid", uid, "-not", "-path", `${image.root}/home/*`]);
    expect(String(owned)).toBe("");
  });

  it("does a real job with no right but its user's: it imports a water year", async () => {
    const server: PostgresServer = await startPostgres();
    const november = daysOfMonths([monthOf(2022, 11)]);
    const days = new Map(november.map((day) => [day, 0.04]));
    const provider = await startProvider();
    try {
      provider.publish("pcp_WY_2023.xlsx", waterYearWorkbook(2023, [{ id: "1000", days }]));
      const database: TestDatabase = await createDatabase(server, { label: "image" });
      const run = await image.run(["rain", "import-year", "2023"], importEnvironment(database, provider));
      expect(run.code, run.stderr).toBe(0);
      expect(await database.query("SELECT count(*)::integer FROM reading")).toEqual([{ count: 30 }]);
      await database.drop();
    } finally {
      await provider.stop();
      await server.stop();
    }
  });

  it.each([
    ["git", "--version"],
    ["/usr/lib/postgresql/17/bin/pg_dump", "--version"],
    ["zstd", "--version"],
  ])("has %s, which jobs start", async (...command) => {
    expect(await image.exec(command)).toMatchObject({ code: 0 });
  });

  it("holds a bundle and no package of npm beside it", () => {
    const packages = execFileSync("find", [inImage("opt"), inImage("home"), "-name", "node_modules"]);
    expect(String(packages)).toBe("");
    const { workspaces } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(workspaces).toEqual(["jobs", "policy/ts-node"]);
    expect(readdirSync(inImage("opt/trellis"))).toEqual(["jobs"]);
  });

  it("brings little on top of its base: two layers, the bundle under 10 MiB", () => {
    const [, packages = Number.NaN, bundle = Number.NaN, ...further] = image.layerBytes;
    expect(further).toEqual([]);
    expect(bundle).toBeLessThan(10 * MIB);
    expect(packages).toBeLessThan(80 * MIB);
  });

  it("keeps nothing of how it was built: no caches, no logs, no mounted file with anything in it", async () => {
    const own = (await Promise.all(image.layers.slice(1).map(entriesOf))).flat();
    const left = own
      .filter((path) => /^(var\/(log|cache\/apt|lib\/apt\/lists)|run|root|tmp|source)\//.test(path))
      .filter((path) => !path.endsWith("/") && !/\/\.wh\.[^/]*$/.test(path))
      .filter((path) => statSync(inImage(path)).size > 0);
    expect(left).toEqual([]);
    expect(statSync(inImage("etc/hosts")).size).toBe(0);
  });

  it("says of every package of Debian in it under which licence it is", () => {
    const status = readFileSync(inImage("var/lib/dpkg/status"), "utf8");
    const names = [...status.matchAll(/^Package: (.+)$/gm)].map(([, name]) => String(name));
    expect(names.length).toBeGreaterThan(50);
    const licences = new Set(readdirSync(inImage("usr/share/doc")));
    const silent = names.filter((name) => {
      if (!licences.has(name)) return true;
      try {
        return statSync(inImage(`usr/share/doc/${name}/copyright`)).size === 0;
      } catch {
        return true;
      }
    });
    expect(silent).toEqual([]);
  });

  it("is the same to the byte when it is built again, from a checkout with other rights and other times", async () => {
    const checkout = join(folder, "checkout");
    for (const part of [
      ".dockerignore",
      ".npmrc",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "jobs",
      "policy/ts-node",
    ]) {
      cpSync(join(ROOT, part), join(checkout, part), {
        recursive: true,
        filter: (path) => !path.endsWith("node_modules"),
      });
    }
    execFileSync("chmod", ["--recursive", "go=", checkout]);
    const archive = join(folder, "again.tar");

    await buildAfresh("jobs", checkout, archive);

    const again = await UnpackedImage.open(archive, join(folder, "again"));
    expect(again.digest).toBe(image.digest);
  });
});
