import { toggle, verb } from "../shared";
import { backupArgument, offsiteSettings, retentionSetting, storeSettings } from "./config";
import { copy, humanSize, prune, prunedText, removeVersions, reporting, withStore } from "./store";

export const copyVerb = verb({
  name: "copy",
  summary: "copy a backup to another bucket, read it back there, and remove old ones there",
  settings: {
    ...storeSettings,
    ...offsiteSettings,
    backup: backupArgument,
    retentionDays: retentionSetting,
    keepOld: toggle(
      "--keep-old",
      "remove nothing: `prune-copies` does, with a key that can delete",
      "BACKUP_KEEP_OLD",
    ),
  },
  run: (config, context) =>
    withStore(config, context, (from) =>
      reporting(from, "copy", context.log, (tell) =>
        withStore({ ...config, store: config.offsite }, context, async (to) => {
          const { backup, bytes, copied } = await copy(
            { from, to, recipient: config.recipient, name: config.backup },
            context,
          );
          tell({ backup_name: backup, backup_size_bytes: bytes, to: config.offsite.endpoint });
          context.print(`${backup}: ${copied ? `${humanSize(bytes)} copied` : "is there already"}`);
          if (!config.keepOld)
            context.print(
              prunedText(await prune(to, { now: new Date(), retentionDays: config.retentionDays })),
            );
          return "done";
        }),
      ),
    ),
});

export const pruneCopiesVerb = verb({
  name: "prune-copies",
  summary: "remove old copies off the cluster, with all versions, by a key that can delete there",
  settings: { ...storeSettings, offsite: offsiteSettings.offsite, retentionDays: retentionSetting },
  run: (config, context) =>
    withStore(config, context, (reports) =>
      reporting(reports, "prunecopies", context.log, (tell) =>
        withStore({ ...config, store: config.offsite }, context, async (copies) => {
          const { retentionDays } = config;
          const pruned = await prune(copies, { now: new Date(), retentionDays, remove: removeVersions });
          tell({ removed: pruned.removed.join(", "), kept: pruned.kept, locked: pruned.locked.length });
          context.print(prunedText(pruned));
          return "done";
        }),
      ),
    ),
});
