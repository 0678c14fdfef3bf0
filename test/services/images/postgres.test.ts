import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { SCRATCH_SERVER } from "../../../components/data/backup/drill-pod";
import { versions } from "../../../components/shared/versions";
import { IMAGE_PROGRAMS, imageArchive, UnpackedImage } from "../../rigs/kubernetes/image";
import { describeWith } from "../../rigs/programs";

const [MAJOR] = versions.postgres.version.split(".");
const SERVER = `/usr/lib/postgresql/${MAJOR}/bin`;

describeWith(IMAGE_PROGRAMS, "the image of PostgreSQL's members", () => {
  let folder: string;
  let image: UnpackedImage;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-image-"));
    image = await UnpackedImage.open(await imageArchive("postgres"), join(folder, "image"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("starts a Patroni whose waits are where trellis-patroni.py looks for them, as a user that is not root", async () => {
    expect(image.configuration.User).toBe("999:999");
    const { code, stdout, stderr } = await image.run(["--version"]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^trellis-patroni\.py 4\./);
  });

  it.each([
    [`${SERVER}/postgres`, "--version", `postgres (PostgreSQL) ${MAJOR}.`],
    ["pgbackrest", "version", "pgBackRest 2."],
    ["pgbouncer", "--version", "PgBouncer 1."],
    ["patronictl", "version", "patronictl version 4."],
  ])("has %s", async (name, word, answer) => {
    const { stdout, stderr } = await image.exec([name, word]);
    expect(stdout, stderr).toContain(answer);
  });

  it("runs our patronictl, which knows the name of the members' certificate", async () => {
    const { stdout, stderr } = await image.exec(["/bin/sh", "-c", 'readlink -f "$(command -v patronictl)"']);
    expect(stdout.trim(), stderr).toBe("/usr/local/lib/trellis/trellis-patroni.py");
  });

  it("makes a cluster and serves it with no right but its user's", async () => {
    const script = [
      `${SERVER}/initdb --pgdata /tmp/data --auth trust --locale C.UTF-8`,
      `${SERVER}/pg_ctl --pgdata /tmp/data --wait --log /tmp/log --options '-k /tmp -c listen_addresses=' start`,
      "psql --host /tmp --dbname postgres --tuples-only --no-align --command \"SELECT 'it ' || 'serves'\"",
      `${SERVER}/pg_ctl --pgdata /tmp/data --wait stop`,
    ];
    const { code, stdout, stderr } = await image.exec(["/bin/sh", "-ec", script.join("\n")]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^it serves$/m);
  });

  it("becomes the scratch server of a drill, which lets in who knows its password", async () => {
    const script = [
      "export SCRATCH_PASSWORD=known SCRATCH_DATA=/tmp/scratch",
      '/bin/sh -euc "$1" sh -c listen_addresses=127.0.0.1 -c unix_socket_directories= >&2 &',
      `until ${SERVER}/pg_isready --host=127.0.0.1 --quiet; do kill -0 $!; sleep 0.1; done`,
      "ask() { PGPASSWORD=$1 psql --host 127.0.0.1 --username postgres --tuples-only --no-align --command 'SHOW data_checksums'; }",
      "ask known",
      "ask guessed || echo refused",
      "kill $!; wait",
    ];
    const { code, stdout, stderr } = await image.exec([
      ...["/bin/sh", "-ec", script.join("\n"), "sh", SCRATCH_SERVER],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe("on\nrefused\n");
  });

  it("holds no cluster and no private key", () => {
    const searched = ["etc", "usr/local", "var/lib/postgresql"].map((path) => join(image.root, path));
    const pattern = "BEGIN [A-Z ]*PRIVATE KEY";
    const { stdout } = spawnSync("grep", ["--recursive", "--files-with-matches", pattern, ...searched], {
      encoding: "utf8",
    });
    expect(stdout).toBe("");
    expect(readdirSync(join(image.root, "var/lib/postgresql/data"))).toEqual([]);
  });
});
