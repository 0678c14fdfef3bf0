import { argument, flag, objectStore, text, toggle, variable, wholeNumber } from "../../shared";

const bucketNames = text("names of buckets, separated by commas")
  .transform((given) => given.split(","))
  .refine((names) => names.every((name) => /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name)), {
    error: "allowed: names of buckets, separated by commas",
  });

const patience = flag(
  "--patience <seconds>",
  "how long the work under way waits for a store that takes or gives nothing",
  wholeNumber({ min: 0, max: 86_400 })
    .default(600)
    .transform((seconds) => seconds * 1000),
  "MIRROR_PATIENCE_SECONDS",
);

export const reportSettings = { source: objectStore("MIRROR_S3", "the object storage in the cluster") };

export const storeSettings = {
  ...reportSettings,
  offsite: objectStore("MIRROR_OFFSITE", "the copies"),
  patience,
};

export const bucketsSetting = flag("--buckets <names>", "buckets to work on", bucketNames, "MIRROR_BUCKETS");

export const keepDaysSetting = flag(
  "--keep-days <days>",
  "days for which the copy keeps what was replaced or deleted",
  wholeNumber({ min: 1, max: 3_650 }).default(30),
  "MIRROR_KEEP_DAYS",
);

export const recipientSetting = variable(
  "MIRROR_RECIPIENT",
  "the public key that copies are encrypted for",
  text().regex(/^age1[a-z0-9]+$/, "allowed: a public key of age, age1..."),
  { secret: true }, // anyone who does not have this value cannot forge a copy
);

export const identitySetting = variable(
  "MIRROR_IDENTITY",
  "the key that reads the copies; the stack's output objectStorage.offsiteKey",
  text().regex(/^AGE-SECRET-KEY-1[A-Z0-9]+$/, "allowed: a private key of age, AGE-SECRET-KEY-1..."),
  { secret: true },
);

export const acceptDeletionsSetting = flag(
  "--accept-deletions <names>",
  "buckets of which most objects were deleted on purpose",
  bucketNames.optional(),
);

export const sampleSetting = flag(
  "--sample <objects>",
  "objects of each bucket that are restored and compared",
  wholeNumber({ min: 1, max: 100_000 }).default(100),
  "MIRROR_SAMPLE",
);

export const lagSetting = flag(
  "--lag-hours <hours>",
  "age from which an object must be in the copy",
  wholeNumber({ min: 0, max: 720 }).default(6),
  "MIRROR_LAG_HOURS",
);

export const restoreSettings = {
  bucket: argument(0, "bucket", "the bucket, by the name that it had when it was copied", text()),
  into: flag("--into <bucket>", "another bucket to restore into; it must exist", text().optional()),
  prefix: flag("--prefix <key>", "only objects whose keys begin with this", text().default("")),
  at: flag(
    "--at <time>",
    "what the copy held at this moment, such as 2026-11-21T10:00:00Z; without it all that it held last",
    text("a time with its zone")
      .refine((given) => /(Z|[+-]\d\d:?\d\d)$/.test(given) && !Number.isNaN(Date.parse(given)), {
        error: "allowed: a time with its zone, such as 2026-11-21T10:00:00Z",
      })
      .transform((given) => new Date(given))
      .optional(),
  ),
  force: toggle("--force", "replace objects that have other content"),
};
