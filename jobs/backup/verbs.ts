import {
  flag,
  listProblems,
  ObjectStore,
  type ObjectStoreAddress,
  type Outcome,
  text,
  toggle,
  UserError,
  verb,
} from "../shared";
import { findBackup, isGood, listBackups } from "./catalogue";
import {
  backupArgument,
  compressionSetting,
  databasesSetting,
  maxAgeSetting,
  namespaceSetting,
  programSettings,
  retentionSetting,
  serverSettings,
  storeSettings,
} from "./config";
import { create, secondsSince } from "./create";
import { drill } from "./drill";
import { backupName, totalBytes } from "./manifest";
import { metrics, monitor, standingText } from "./monitor";
import { findPrograms } from "./programs";
import { prune } from "./prune";
import { humanSize, writeReport } from "./report";
import { restore } from "./restore";
import { verify } from "./verify";

const json = toggle("--json", "as JSON, for programs");

async function withStore(
  address: ObjectStoreAddress,
  signal: AbortSignal,
  work: (store: ObjectStore) => Promise<Outcome>,
): Promise<Outcome> {
  const store = new ObjectStore(address, signal);
  try {
    return await work(store);
  } finally {
    store.close();
  }
}

export const createVerb = verb({
  name: "create",
  summary: "dump every database to the bucket; the backup exists once its manifest is written",
  settings: {
    ...serverSettings,
    ...storeSettings,
    ...programSettings,
    databases: databasesSetting,
    compression: compressionSetting,
    retentionDays: retentionSetting,
    namespace: namespaceSetting,
  },
  run: (config, context) =>
    withStore(config.store, context.signal, async (store) => {
      const at = new Date();
      const tell = (outcome: Pick<Parameters<typeof writeReport>[1], "name" | "manifest" | "error">) =>
        writeReport(store, {
          ...outcome,
          at,
          seconds: secondsSince(at.getTime()),
          server: `${config.server.host}:${config.server.port}`,
          namespace: config.namespace,
          bucket: config.store.bucket,
          endpoint: config.store.endpoint,
          retentionDays: config.retentionDays,
        });
      try {
        const programs = await findPrograms(config.binaries);
        const manifest = await create({ ...config, store, programs }, context);
        await tell({ name: manifest.name, manifest, error: undefined });
        const size = humanSize(totalBytes(manifest));
        context.print(
          `${manifest.name}: ${manifest.databases.length} databases, ${size}, ${manifest.seconds} s`,
        );
        return "done";
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // The failure itself is what the user has to see, also when it keeps its own report from being stored.
        await tell({ name: backupName(at), manifest: undefined, error: message }).catch(() => undefined);
        throw error;
      }
    }),
});

export const listVerb = verb({
  name: "list",
  summary: "the backups of the bucket, the newest first",
  answersOnStdout: true,
  settings: { ...storeSettings, json },
  run: (config, { signal, print }) =>
    withStore(config.store, signal, async (store) => {
      const backups = await listBackups(store);
      const rows = backups.map((backup) => ({
        name: backup.name,
        state: isGood(backup) ? "good" : (backup.problem ?? "damaged"),
        bytes: backup.bytes,
        databases: backup.manifest?.databases.map(({ database }) => database) ?? [],
        verifiedAt: backup.verification?.checkedAt ?? null,
      }));
      const line = (row: (typeof rows)[number]) =>
        [row.name, humanSize(row.bytes).padStart(10), row.state, row.databases.join(",")].join("  ");
      if (config.json) print(JSON.stringify(rows, undefined, 2));
      else print(rows.length === 0 ? "there are no backups" : rows.map(line).join("\n"));
      return "done";
    }),
});

export const verifyVerb = verb({
  name: "verify",
  summary: "read a backup back: every byte, every checksum, the archive's own table of contents",
  settings: { ...storeSettings, ...programSettings, backup: backupArgument },
  run: (config, context) =>
    withStore(config.store, context.signal, async (store) => {
      const backup = await findBackup(store, config.backup);
      const found = await verify({ store, programs: await findPrograms(config.binaries), backup }, context);
      context.print(`${backup.name}: good, ${humanSize(backup.bytes)} read in ${found.seconds} s`);
      return "done";
    }),
});

export const pruneVerb = verb({
  name: "prune",
  summary: "remove old backups, never the newest good one, and what killed runs have left",
  settings: { ...storeSettings, retentionDays: retentionSetting },
  run: (config, { signal, print }) =>
    withStore(config.store, signal, async (store) => {
      const pruned = await prune(store, new Date(), config.retentionDays);
      print(
        `removed ${pruned.removed.length} backups (${pruned.removed.join(", ") || "none"}), ` +
          `${pruned.reports} reports, ${pruned.uploads} dead uploads; kept ${pruned.kept} backups`,
      );
      return "done";
    }),
});

export const restoreVerb = verb({
  name: "restore",
  summary: "restore one database of a backup, or all, on the server that BACKUP_SERVER names",
  details:
    "Restores beside each database and takes its place at the end: a restore that fails leaves what was there.\n" +
    "Sessions of a database that is replaced are ended at that moment.",
  settings: {
    ...serverSettings,
    ...storeSettings,
    ...programSettings,
    backup: backupArgument,
    database: flag("--database <name>", "one database alone", text().optional()),
    as: flag("--as <name>", "under another name; with --database", text().optional()),
    force: toggle("--force", "replace databases that hold something"),
    withoutOwners: toggle("--without-owners", "give everything to the restoring user, and grant nothing"),
  },
  check: ({ as, database }) =>
    as !== undefined && database === undefined ? ["--as needs --database: which one gets the name"] : [],
  run: (config, context) =>
    withStore(config.store, context.signal, async (store) => {
      const programs = await findPrograms(config.binaries);
      const { name, manifest } = await findBackup(store, config.backup);
      const chosen = manifest.databases.filter(
        ({ database }) => config.database === undefined || database === config.database,
      );
      if (chosen.length === 0) {
        const there = manifest.databases.map(({ database }) => database).join(", ");
        throw new UserError(`${name} holds no database ${config.database}; it holds: ${there}`);
      }
      const began = Date.now();
      for (const artefact of chosen) {
        const into = config.as ?? artefact.database;
        await restore({ ...config, store, programs, artefact, into }, context);
      }
      context.print(`${name}: ${chosen.length} databases restored in ${secondsSince(began)} s`);
      return "done";
    }),
});

export const monitorVerb = verb({
  name: "monitor",
  summary: "age, size, success rate and last verification of the backups; fails where something is wrong",
  answersOnStdout: true,
  settings: {
    ...storeSettings,
    json,
    metrics: toggle("--metrics", "as metrics for Prometheus"),
    maxAgeHours: maxAgeSetting,
  },
  check: (config) => (config.json && config.metrics ? ["--json and --metrics exclude each other"] : []),
  run: (config, { signal, print }) =>
    withStore(config.store, signal, async (store) => {
      const standing = await monitor(store, new Date(), config.maxAgeHours);
      if (config.metrics) print(metrics(standing));
      else print(config.json ? JSON.stringify(standing, undefined, 2) : standingText(standing));
      if (standing.alerts.length > 0) {
        throw new UserError(listProblems("the backups need somebody:", standing.alerts));
      }
      return "done";
    }),
});

export const drillVerb = verb({
  name: "drill",
  summary:
    "restore the newest backup into scratch databases, compare it with its manifest, and report the time",
  settings: { ...serverSettings, ...storeSettings, ...programSettings, backup: backupArgument },
  run: (config, context) =>
    withStore(config.store, context.signal, async (store) => {
      const programs = await findPrograms(config.binaries);
      const { manifest } = await findBackup(store, config.backup);
      const drilled = await drill({ ...config, store, programs, manifest }, context);
      await store.write(
        `drills/drill_${backupName(new Date()).replace("postgres_", "")}.json`,
        `${JSON.stringify(drilled, undefined, 2)}\n`,
      );
      context.print(JSON.stringify(drilled, undefined, 2));
      if (drilled.good) return "done";
      const differences = drilled.databases.flatMap(({ database, differences: found }) =>
        found.map((difference) => `${database}: ${difference}`),
      );
      throw new UserError(listProblems(`${manifest.name} did not restore to what it was:`, differences));
    }),
});
