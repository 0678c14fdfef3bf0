import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, expect, it } from "vitest";
import { sideBySide } from "../../../../jobs/backup/side-by-side";
import { ageBackup, type BackupRig, startBackupRig, withStandIn } from "../../../rigs/backup/backup-rig";
import { fingerprint, query } from "../../../rigs/backup/sample-database";
import { countOf } from "../../../rigs/counts";
import type { ObjectStoreStandIn } from "../../../rigs/minio/object-store";
import { describeWith } from "../../../rigs/programs";

/** How many points each verb is killed at. */
const KILLS = countOf({ usual: 8, full: 100 });

/** On a machine that does eight other things. */
const LIMIT_MS = 60_000 + KILLS * 20_000;

/** Kills at a time: most of each is waiting for programs to start. */
const WIDTH = 3;

/** A run of a verb that nobody disturbed: what there is to strike at. */
interface Undisturbed {
  readonly requests: number;
  readonly milliseconds: number;
}

describeWith(["initdb", "pg_dump", "zstd"], "a killed backup", () => {
  let rig: BackupRig;
  let original: string[];
  /** Objects of a whole backup. */
  let stored: ReadonlyMap<string, Buffer>;
  let name: string;

  beforeAll(async () => {
    rig = await startBackupRig();
    original = await fingerprint(rig.server, "crm");
    await withStandIn(async (store) => {
      await succeed(store, "create");
      stored = new Map([...store.objects].filter(([key]) => key.startsWith("postgres_")));
      name = [...stored.keys()][0]?.split("/")[0] ?? "";
    });
  });
  afterAll(() => rig?.stop());

  const succeed = async (store: ObjectStoreStandIn, words: string) => {
    const { error, printed } = await rig.backup(store, words);
    expect(error).toBeUndefined();
    return printed;
  };
  const listed = async (store: ObjectStoreStandIn): Promise<{ name: string; state: string }[]> =>
    JSON.parse(await succeed(store, "list --json"));
  const withBackup = (work: (store: ObjectStoreStandIn) => Promise<void>) =>
    withStandIn(async (store) => {
      for (const [key, content] of stored) store.objects.set(key, content);
      await work(store);
    });

  /** Runs the job as a pod would, and calls out at each of its requests to the storage. */
  async function run(
    store: ObjectStoreStandIn,
    words: string,
    onRequest: (seen: number, job: ChildProcess) => void,
  ): Promise<void> {
    let job: ChildProcess | undefined;
    let seen = 0;
    store.onRequest = () => {
      if (job) onRequest(++seen, job);
    };
    await rig.process(store, words, {
      ownGroup: true,
      onStart: (child) => {
        job = child;
      },
    });
    store.onRequest = () => undefined;
  }

  async function measure(store: ObjectStoreStandIn, words: string): Promise<Undisturbed> {
    let requests = 0;
    let first = 0;
    await run(store, words, (seen) => {
      if (seen === 1) first = performance.now();
      requests = seen;
    });
    return { requests, milliseconds: performance.now() - first };
  }

  /** Kills the job and all its programs at once, as a node's end would: at a request, or some time after the first. */
  async function kill(store: ObjectStoreStandIn, words: string, seed: number, whole: Undisturbed) {
    const [kind, share, more] = [random(seed, 1), random(seed, 2), random(seed, 3)];
    const byRequest = kind < 0.5;
    const strikeAt = byRequest ? 1 + Math.floor(share * whole.requests) : 1;
    const delayMs = byRequest ? more * 20 : share * whole.milliseconds;
    let timer: NodeJS.Timeout | undefined;
    await run(store, words, (seen, { pid }) => {
      if (seen !== strikeAt || !pid) return;
      timer = setTimeout(() => process.kill(-pid, "SIGKILL"), delayMs);
    });
    clearTimeout(timer); // it had ended before
  }

  /** Tries many points, a few at a time; a failure names its seed. */
  async function atEachPoint(strike: (seed: number) => Promise<void>): Promise<void> {
    const seeds = Array.from({ length: KILLS }, (_, seed) => seed);
    await sideBySide(seeds, { width: WIDTH, signal: new AbortController().signal }, (seed) =>
      strike(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      }),
    );
  }

  it(
    "never lists as good what is not, wherever create is killed",
    async () => {
      let whole: Undisturbed = { requests: 0, milliseconds: 0 };
      await withStandIn(async (store) => {
        whole = await measure(store, "create");
      });
      await atEachPoint((seed) =>
        withStandIn(async (store) => {
          await kill(store, "create", seed, whole);
          for (const backup of await listed(store)) {
            if (backup.state === "good") await succeed(store, `verify ${backup.name}`);
          }
          await succeed(store, "create");
          expect((await listed(store))[0]?.state).toBe("good");
        }),
      );
    },
    LIMIT_MS,
  );

  it(
    "never leaves half a database in place of a whole one, wherever restore is killed",
    async () => {
      const restore = (target: string) => `restore ${name} --database crm --as ${target} --force`;
      const makeTarget = async (target: string) => {
        await query(rig.server, "postgres", `CREATE DATABASE ${target}`);
        await query(rig.server, target, "CREATE TABLE precious AS SELECT 1 AS one");
      };
      let whole: Undisturbed = { requests: 0, milliseconds: 0 };
      await withBackup(async (store) => {
        await makeTarget("measured");
        whole = await measure(store, restore("measured"));
        await query(rig.server, "postgres", "DROP DATABASE measured");
      });
      await atEachPoint((seed) =>
        withBackup(async (store) => {
          const target = `target_${seed}`;
          await makeTarget(target);
          await kill(store, restore(target), seed, whole);
          const [{ old } = {}] = await query(
            rig.server,
            target,
            "SELECT to_regclass('precious') IS NOT NULL AS old",
          );
          if (!old) expect(await fingerprint(rig.server, target)).toEqual(original);

          await succeed(store, restore(target));
          expect(await fingerprint(rig.server, target)).toEqual(original);
          await query(rig.server, "postgres", `DROP DATABASE ${target}`);
        }),
      );
      expect(await rig.databases()).toEqual(["crm", "postgres"]);
    },
    LIMIT_MS,
  );

  it(
    "takes each backup wholly or lets it be, wherever prune is killed",
    async () => {
      const olds = ["postgres_20200101_020000", "postgres_20200102_020000"];
      const withOlds = (work: (store: ObjectStoreStandIn) => Promise<void>) =>
        withBackup(async (store) => {
          for (const old of olds) ageBackup(store, name, old);
          await work(store);
        });
      let whole: Undisturbed = { requests: 0, milliseconds: 0 };
      await withOlds(async (store) => {
        whole = await measure(store, "prune");
      });
      await atEachPoint((seed) =>
        withOlds(async (store) => {
          await kill(store, "prune", seed, whole);
          for (const backup of await listed(store)) {
            if (backup.state === "good") await succeed(store, `verify ${backup.name}`);
          }
          await succeed(store, "prune");
          expect(await listed(store)).toMatchObject([{ name, state: "good" }]);
        }),
      );
    },
    LIMIT_MS,
  );
});

/** The same for the same seed, and spread evenly from 0 to 1 over many (an integer hash by multiplication). */
function random(seed: number, draw: number): number {
  let mixed = (seed * 8 + draw) * 0x9e3779b1;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}
