import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ObjectStoreStandIn } from "../../support/object-store";
import { describeWith } from "../../support/programs";
import { type BackupRig, startBackupRig, withStandIn } from "./backup-rig";
import { fingerprint } from "./sample-database";

/** How many points each verb is killed at; TRELLIS_KILLS asks for more. */
const KILLS = Number(process.env.TRELLIS_KILLS ?? 12);

describeWith(["initdb", "pg_dump", "zstd"], "a killed backup", () => {
  let rig: BackupRig;
  let original: string[];

  beforeAll(async () => {
    rig = await startBackupRig();
    original = await fingerprint(rig.server, "crm");
  });
  afterAll(() => rig?.stop());

  /** Kills the job and all its programs at once, as a node's end would, some time after a request to the storage. */
  async function killAt(
    store: ObjectStoreStandIn,
    words: string,
    request: number,
    delayMs: number,
  ): Promise<void> {
    let job: ChildProcess | undefined;
    let seen = 0;
    store.onRequest = () => {
      if (++seen !== request || !job?.pid) return;
      const group = -job.pid;
      const kill = () => {
        try {
          process.kill(group, "SIGKILL");
        } catch {
          // It had ended before.
        }
      };
      if (delayMs === 0) kill();
      else setTimeout(kill, delayMs);
    };
    await rig.process(store, words, {
      ownGroup: true,
      onStart: (child) => {
        job = child;
      },
    });
    store.onRequest = () => undefined;
  }

  const succeed = async (store: ObjectStoreStandIn, words: string) => {
    const { error, printed } = await rig.backup(store, words);
    expect(error).toBeUndefined();
    return printed;
  };
  const listed = async (store: ObjectStoreStandIn): Promise<{ name: string; state: string }[]> =>
    JSON.parse(await succeed(store, "list --json"));

  const points = Array.from({ length: KILLS }, (_, seed) => ({
    seed,
    request: 1 + (seed % 7),
    delayMs: seed < KILLS / 2 ? 0 : (seed * 37) % 400,
  }));

  it.each(points)("never lists as good what is not: create, point $seed", ({ request, delayMs }) =>
    withStandIn(async (store) => {
      await killAt(store, "create", request, delayMs);
      for (const { name, state } of await listed(store)) {
        if (state === "good") await succeed(store, `verify ${name}`);
      }
      await succeed(store, "create");
      expect((await listed(store))[0]?.state).toBe("good");
    }),
  );

  it.each(points)(
    "never leaves half a database in place of a whole one: restore, point $seed",
    ({ request, delayMs }) =>
      withStandIn(async (store) => {
        await succeed(store, "create");
        await killAt(store, "restore --force", request, delayMs);
        expect(await fingerprint(rig.server, "crm")).toEqual(original);

        await succeed(store, "restore --force");
        expect(await fingerprint(rig.server, "crm")).toEqual(original);
        expect(await rig.databases()).toEqual(["crm", "postgres"]);
      }),
  );

  it.each(points)("takes each backup wholly or lets it be: prune, point $seed", ({ request, delayMs }) =>
    withStandIn(async (store) => {
      await succeed(store, "create");
      const [newest] = await listed(store);
      const name = newest?.name ?? "";
      for (const [key, content] of [...store.objects].filter(([key]) => key.startsWith(name))) {
        for (const old of ["postgres_20200101_020000", "postgres_20200102_020000"]) {
          const renamed = Buffer.from(content.toString().replaceAll(name, old));
          store.objects.set(key.replace(name, old), key.endsWith(".json") ? renamed : content);
        }
      }
      await killAt(store, "prune", request + 4, delayMs);
      for (const backup of await listed(store)) {
        if (backup.state === "good") await succeed(store, `verify ${backup.name}`);
      }
      await succeed(store, "prune");
      expect(await listed(store)).toMatchObject([{ name, state: "good" }]);
    }),
  );
});
