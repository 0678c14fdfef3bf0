import { flag, JobError, listProblems, text, toggle, verb } from "../shared";
import {
  backupArgument,
  compressionSetting,
  databasesSetting,
  membersSetting,
  namespaceSetting,
  pieceSetting,
  programSettings,
  retentionSetting,
  serverSettings,
  storeSettings,
  streamsSetting,
} from "./config";
import { create, drill, findSources, restore, withBestSource } from "./dumps";
import { secondsSince } from "./elapsed";
import { findPrograms } from "./programs";
import {
  backupName,
  findBackup,
  humanSize,
  isGood,
  listBackups,
  prune,
  prunedText,
  reporting,
  requireParts,
  totalBytes,
  verify,
  warnOfReport,
  withStore,
  writeReport,
} from "./store";

const json = toggle("--json", "as JSON, for programs");

export const createVerb = verb({
  name: "create",
  summary: "dump every database to the bucket; the backup exists once its manifest is written",
  settings: {
    ...serverSettings,
    members: membersSetting,
    ...storeSettings,
    ...programSettings,
    databases: databasesSetting,
    compression: compressionSetting,
    streams: streamsSetting,
    pieceBytes: pieceSetting,
    retentionDays: retentionSetting,
    namespace: namespaceSetting,
  },
  run: (config, context) =>
    withStore(config, context, async (store) => {
      const at = new Date();
      const tell = (outcome: Pick<Parameters<typeof writeReport>[1], "name" | "manifest" | "error">) =>
        writeReport(store, {
          ...outcome,
          at,
          seconds: secondsSince(at.getTime()),
          server: outcome.manifest?.server.address ?? `${config.server.host}:${config.server.port}`,
          namespace: config.namespace,
          bucket: config.store.bucket,
          endpoint: config.store.endpoint,
          retentionDays: config.retentionDays,
        });
      try {
        const programs = await findPrograms(config.binaries);
        const sources = await findSources(config.server, config.members, context);
        const manifest = await withBestSource(sources, context, ({ address }) =>
          create({ ...config, server: address, store, programs }, context),
        );
        await tell({ name: manifest.name, manifest, error: undefined }).catch((error: unknown) =>
          warnOfReport(context.log, error),
        );
        const size = humanSize(totalBytes(manifest));
        context.print(
          `${manifest.name}: ${manifest.databases.length} databases, ${size}, ${manifest.seconds} s`,
        );
        return "done";
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        // The user must see the original failure, even if its report cannot be stored.
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
  run: (config, context) =>
    withStore(config, context, async (store) => {
      const backups = await listBackups(store);
      const rows = backups.map((backup) => ({
        name: backup.name,
        state: isGood(backup)
          ? backup.manifest
            ? "good"
            : "good, encrypted"
          : (backup.problem ?? "damaged"),
        bytes: backup.bytes,
        databases: backup.manifest?.databases.map(({ database }) => database) ?? [],
        verifiedAt: backup.verification?.checkedAt ?? null,
      }));
      const line = (row: (typeof rows)[number]) =>
        [row.name, humanSize(row.bytes).padStart(10), row.state, row.databases.join(",")].join("  ");
      if (config.json) context.print(JSON.stringify(rows, undefined, 2));
      else context.print(rows.length === 0 ? "there are no backups" : rows.map(line).join("\n"));
      return "done";
    }),
});

export const verifyVerb = verb({
  name: "verify",
  summary: "read a backup back: every byte, every checksum, the archive's own table of contents",
  settings: { ...storeSettings, ...programSettings, backup: backupArgument, streams: streamsSetting },
  run: (config, context) =>
    withStore(config, context, (store) =>
      reporting(store, "verify", context.log, async (tell) => {
        const backup = await findBackup(store, config.backup);
        tell({ backup_name: backup.name, backup_size_bytes: backup.bytes });
        const found = await verify(
          { ...config, store, programs: await findPrograms(config.binaries), backup },
          context,
        );
        context.print(`${backup.name}: good, ${humanSize(backup.bytes)} read in ${found.seconds} s`);
        return "done";
      }),
    ),
});

export const pruneVerb = verb({
  name: "prune",
  summary: "remove old backups, never the newest good one, and what killed runs have left",
  settings: { ...storeSettings, retentionDays: retentionSetting },
  run: (config, context) =>
    withStore(config, context, (store) =>
      reporting(store, "prune", context.log, async (tell) => {
        const pruned = await prune(store, { now: new Date(), retentionDays: config.retentionDays });
        tell({ removed: pruned.removed.join(", "), kept: pruned.kept, retention_days: config.retentionDays });
        context.print(prunedText(pruned));
        return "done";
      }),
    ),
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
    streams: streamsSetting,
  },
  check: ({ as, database }) =>
    as !== undefined && database === undefined ? ["--as needs --database: which one gets the name"] : [],
  run: (config, context) =>
    withStore(config, context, (store) =>
      reporting(store, "restore", context.log, async (tell) => {
        const programs = await findPrograms(config.binaries);
        const { name, manifest } = await findBackup(store, config.backup);
        tell({ backup_name: name, server: `${config.server.host}:${config.server.port}` });
        const chosen = manifest.databases.filter(
          ({ database }) => config.database === undefined || database === config.database,
        );
        if (chosen.length === 0) {
          const there = manifest.databases.map(({ database }) => database).join(", ");
          throw new JobError(`${name} holds no database ${config.database}; it holds: ${there}`);
        }
        await requireParts(store, name, chosen, context.signal);
        const began = Date.now();
        for (const artefact of chosen) {
          const into = config.as ?? artefact.database;
          await restore({ ...config, store, programs, artefact, into }, context);
        }
        tell({ databases: chosen.map(({ database }) => database).join(", ") });
        context.print(`${name}: ${chosen.length} databases restored in ${secondsSince(began)} s`);
        return "done";
      }),
    ),
});

export const drillVerb = verb({
  name: "drill",
  summary:
    "restore the newest backup into scratch databases, compare it with its manifest, and report the time",
  settings: {
    ...serverSettings,
    ...storeSettings,
    ...programSettings,
    backup: backupArgument,
    streams: streamsSetting,
  },
  run: (config, context) =>
    withStore(config, context, (store) =>
      reporting(store, "drill", context.log, async (tell) => {
        const programs = await findPrograms(config.binaries);
        const { name, manifest } = await findBackup(store, config.backup);
        tell({ backup_name: name });
        await requireParts(store, name, manifest.databases, context.signal);
        const drilled = await drill({ ...config, store, programs, manifest }, context);
        tell({ recovery_seconds: drilled.recoverySeconds });
        await store.write(
          `drills/drill_${backupName(new Date()).replace("postgres_", "")}.json`,
          `${JSON.stringify(drilled, undefined, 2)}\n`,
        );
        context.print(JSON.stringify(drilled, undefined, 2));
        if (drilled.good) return "done";
        const differences = drilled.databases.flatMap(({ database, differences: found }) =>
          found.map((difference) => `${database}: ${difference}`),
        );
        throw new JobError(listProblems(`${manifest.name} did not restore to what it was:`, differences));
      }),
    ),
});
