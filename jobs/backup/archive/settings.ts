import { flag, objectStore, optionalObjectStore, text, wholeNumber } from "../../shared";

export const archiveSettings = {
  stanza: flag(
    "--stanza <name>",
    "name of the cluster in the archive",
    text().default("trellis"),
    "ARCHIVE_STANZA",
  ),
  repository: flag(
    "--repository <number>",
    "1 is the one in the cluster, 2 the one off it",
    wholeNumber({ min: 1, max: 9 }).default(1),
    "ARCHIVE_REPOSITORY",
  ),
};

const RECORDS = ["ARCHIVE_S3", "the records of the archive's checks"] as const;

/** The folder with the records of the archive's checks, beside the first repository. */
export const recordsSetting = objectStore(...RECORDS);
export const optionalRecordsSetting = optionalObjectStore(...RECORDS);

export const portSetting = flag(
  "--port <number>",
  "port in the name of the server's socket",
  wholeNumber({ min: 1, max: 65_535 }).default(5432),
);
