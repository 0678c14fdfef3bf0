import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { migrationScript } from "../../../../../components/systems/airflow/pods";
import { describeWith, program } from "../../../../rigs/programs";

const PASSWORD = "the $ecret 'of' the \"administrator\"";

const IS_THE_PASSWORD = `
import os, sqlite3
from werkzeug.security import check_password_hash
[(stored,)] = sqlite3.connect(os.environ["AIRFLOW_HOME"] + "/airflow.db").execute(
    "SELECT password FROM ab_user WHERE username = 'admin'")
print(check_password_hash(stored, os.environ["TRELLIS_ADMIN_PASSWORD"]))`;

describeWith(["airflow"], "the migration of Airflow's database", () => {
  const home = mkdtempSync(join(tmpdir(), "trellis-administrator-"));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  it("makes the administrator, whose password is in no argument, and keeps one who is there", async () => {
    const airflow = program("airflow");
    const seen = join(home, "arguments");
    // Stands in front of the real program, to record what every other process could read of it.
    writeFileSync(join(home, "airflow"), `#!/bin/bash\necho "$@" >>${seen}\nexec ${airflow} "$@"\n`);
    chmodSync(join(home, "airflow"), 0o755);
    const env = {
      PATH: `${home}:${dirname(airflow)}:/usr/bin:/bin`,
      HOME: home,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__LOAD_EXAMPLES: "False",
      AIRFLOW__CORE__AUTH_MANAGER: "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager",
      TRELLIS_ADMIN_PASSWORD: PASSWORD,
    };
    // setsid: in a pod there is no terminal either.
    const run = (...words: string[]) => promisify(execFile)("setsid", ["--wait", ...words], { env });
    const script = ["bash", "-c", migrationScript({})];

    await run(...script);
    await run(...script);

    const said = readFileSync(seen, "utf8");
    expect(said.match(/^users create/gm)).toHaveLength(2);
    expect(said).not.toContain("ecret");
    expect((await run(join(dirname(airflow), "python3"), "-c", IS_THE_PASSWORD)).stdout).toBe("True\n");
  });
});
