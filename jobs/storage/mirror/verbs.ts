import { listening, verb } from "../../shared";
import {
  acceptDeletionsSetting,
  bucketsSetting,
  identitySetting,
  keepDaysSetting,
  lagSetting,
  recipientSetting,
  reportSettings,
  restoreSettings,
  sampleSetting,
  storeSettings,
} from "./config";

const HOUR_MS = 3_600_000;

export const mirrorVerb = verb({
  name: "mirror",
  summary: "copy every object and every change of the buckets to the off-site store, encrypted",
  details:
    "Writes new objects alone: its key needs no permission to delete or to replace. Can be killed at any moment and run\n" +
    "again. Deletions are recorded and lag: `prune` removes what was deleted long ago.",
  settings: {
    ...storeSettings,
    buckets: bucketsSetting,
    recipient: recipientSetting,
    keepDays: keepDaysSetting,
    acceptDeletions: acceptDeletionsSetting,
  },
  run: async (config, context) => {
    const [{ mirror }, { recording }, { withStores }] = await Promise.all([
      import("./mirror"),
      import("./state"),
      import("./stores"),
    ]);
    await withStores(config, context, (stores) =>
      recording(stores.reports, "mirror", context, (tell) =>
        mirror(
          { ...config, stores, acceptDeletions: config.acceptDeletions ?? [] },
          context,
          (bucket, counts) => {
            tell(bucket, counts);
            context.print(
              `${bucket}: ${counts.objects} objects, ${counts.copied} versions copied, ${counts.deletions} deletions recorded`,
            );
          },
        ),
      ),
    );
    return "done";
  },
});

export const pruneVerb = verb({
  name: "prune",
  summary: "remove from the off-site copy what was replaced or deleted long ago",
  settings: { ...storeSettings, buckets: bucketsSetting, keepDays: keepDaysSetting },
  run: async (config, context) => {
    const [{ prune }, { recording }, { withStores }] = await Promise.all([
      import("./prune"),
      import("./state"),
      import("./stores"),
    ]);
    await withStores(config, context, (stores) =>
      recording(stores.reports, "prune", context, (tell) =>
        prune({ ...config, stores }, context, (bucket, counts) => {
          tell(bucket, counts);
          context.print(`${bucket}: ${counts.removed} records removed, ${counts.locked} still locked`);
        }),
      ),
    );
    return "done";
  },
});

export const drillVerb = verb({
  name: "drill",
  summary: "restore a sample of each bucket from the off-site copy, and compare it with the source",
  settings: {
    ...storeSettings,
    buckets: bucketsSetting,
    identity: identitySetting,
    sample: sampleSetting,
    lagHours: lagSetting,
  },
  run: async (config, context) => {
    const [{ drill }, { recording }, { withStores }] = await Promise.all([
      import("./drill"),
      import("./state"),
      import("./stores"),
    ]);
    const copiedBefore = new Date(Date.now() - config.lagHours * HOUR_MS);
    await withStores(config, context, (stores) =>
      recording(stores.reports, "drill", context, (tell) =>
        drill({ ...config, stores, copiedBefore }, context, (bucket, counts) => {
          tell(bucket, counts);
          context.print(`${bucket}: ${counts.restored} objects restored, ${counts.missing} missing`);
        }),
      ),
    );
    return "done";
  },
});

export const restoreVerb = verb({
  name: "restore",
  summary: "restore a bucket, or a part of it, from the off-site copy",
  details:
    "Objects that are there with the same content are skipped, so that a restore that was stopped is continued by another.\n" +
    "Objects with other content stay, and the restore fails at its end, unless --force is given.",
  settings: { ...storeSettings, ...restoreSettings, identity: identitySetting },
  run: async (config, context) => {
    const [{ restore }, { withStores }] = await Promise.all([import("./restore"), import("./stores")]);
    const into = config.into ?? config.bucket;
    const { objects, bytes, same } = await withStores(config, context, (stores) =>
      restore({ ...config, stores, into }, context),
    );
    context.print(`${into}: ${objects} objects restored, ${bytes} bytes; ${same} were there already`);
    return "done";
  },
});

export const serveMetricsVerb = verb({
  name: "serve-metrics",
  summary: "tell Prometheus how the off-site copy stands, until it is stopped",
  settings: {
    ...reportSettings,
    ...listening("MIRROR"),
  },
  run: async (config, context) => {
    const [{ exportMetrics }, { ObjectStore }] = await Promise.all([
      import("./exporter"),
      import("../../shared"),
    ]);
    const reports = new ObjectStore(config.source, context.signal);
    try {
      await exportMetrics({ ...config, reports }, context);
    } finally {
      reports.close();
    }
    return "done";
  },
});
