import { spawn } from "node:child_process";
import { dirname, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tokenData } from "../../../../components/systems/gardenos/tokens";
import { CrmDatabase } from "../../../rigs/crm/crm-database";
import { StandInFront } from "../../../rigs/supabase/front";
import { StandInRest } from "../../../rigs/supabase/rest";

const ROOT = resolve(import.meta.dirname, "../../../..");
const SECRET = { epoch: 1, value: "a-secret-of-at-least-forty-characters-01" };

describe("npx trellis verify gardenos", () => {
  const tokens = tokenData({ secrets: [SECRET], until: "2031-12-31" });
  let crm: CrmDatabase;
  let rest: StandInRest;
  let front: StandInFront;

  beforeAll(async () => {
    crm = await CrmDatabase.start();
    rest = await StandInRest.start(crm.loginOf("authenticator_1"), tokens["key-set"] ?? "");
    front = await StandInFront.start(rest, SECRET, tokens["service-key"] ?? "");
  });

  afterAll(async () => {
    await front?.stop();
    await rest?.stop();
    await crm?.stop();
  });

  async function verify(words: readonly string[], keys = true) {
    const command = spawn(process.execPath, ["cli/trellis.mjs", "verify", ...words], {
      cwd: ROOT,
      env: {
        PATH: dirname(process.execPath),
        NO_COLOR: "1",
        ...(keys && { GARDENOS_ANON_KEY: tokens["anon-key"], GARDENOS_SERVICE_KEY: tokens["service-key"] }),
      },
    });
    let said = "";
    for (const stream of [command.stdout, command.stderr]) stream.on("data", (chunk) => (said += chunk));
    const status = await new Promise((done) => command.on("close", done));
    return { status, said };
  }

  const left = async () => [
    front.users,
    ...(await crm.admin(
      "SELECT (SELECT count(*)::int FROM contacts) + (SELECT count(*)::int FROM workspaces) AS rows",
    )),
  ];

  it("keeps every promise on a database as it is deployed, and leaves nothing behind", async () => {
    const { status, said } = await verify(["gardenos", "--url", front.url]);
    expect(said).toMatch(/all 9 promises are kept\n$/);
    expect(status).toBe(0);
    expect(await left()).toEqual([0, { rows: 0 }]);
  });

  it("sees that row security is off, and still cleans", async () => {
    await crm.admin("ALTER TABLE contacts DISABLE ROW LEVEL SECURITY");
    try {
      const { status, said } = await verify(["gardenos", "--url", front.url, "--json"]);
      const broken = JSON.parse(said).filter((each: { broken?: string }) => each.broken);
      expect(broken.map(({ promise }: { promise: string }) => promise)).toEqual([
        "another user neither reads nor adds to it",
      ]);
      expect(status).toBe(1);
    } finally {
      await crm.admin("ALTER TABLE contacts ENABLE ROW LEVEL SECURITY");
    }
    expect(await left()).toEqual([0, { rows: 0 }]);
  });

  it("names the service that does not answer, and gives no key away", async () => {
    front.down.add("/storage/v1");
    front.down.add("/auth/v1");
    const { status, said } = await verify(["gardenos", "--url", front.url]);
    front.down.clear();
    expect(said).toMatch(
      /broken {2}the storage service answers\n +GET \/storage\/v1\/bucket: expected 200, received 502/,
    );
    expect(said).toMatch(/3 of 7 promises are broken\n$/);
    expect(said).not.toContain(tokens["service-key"]);
    expect(status).toBe(1);
  });

  it("says what a wrong command line lacks", async () => {
    expect(await verify([])).toMatchObject({ status: 2, said: expect.stringContaining("allowed: gardenos") });
    expect(await verify(["gardenos"])).toMatchObject({
      status: 2,
      said: expect.stringContaining("--url is required"),
    });
    expect(await verify(["gardenos", "--url", "crm"])).toMatchObject({
      status: 2,
      said: expect.stringContaining("allowed: an address such as https://"),
    });
    expect(await verify(["gardenos", "--url", front.url], false)).toMatchObject({
      status: 1,
      said: expect.stringContaining("GARDENOS_ANON_KEY is not set"),
    });
  });
});
