import { verb } from "../shared";
import { backupArgument, offsiteSettings, retentionSetting, storeSettings } from "./config";
import { copy, humanSize, prune, prunedText, reporting, withStore } from "./store";

export const copyVerb = verb({
  name: "copy",
  summary: "copy a backup to another bucket, read it back there, and remove old ones there",
  settings: {
    ...storeSettings,
    ...offsiteSettings,
    backup: backupArgument,
    retentionDays: retentionSetting,
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
          context.print(prunedText(await prune(to, new Date(), config.retentionDays)));
          return "done";
        }),
      ),
    ),
});
