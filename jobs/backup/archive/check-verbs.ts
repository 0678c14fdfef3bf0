import { flag, text, verb } from "../../shared";
import { findBinaries } from "../programs";
import { recorded } from "./checks";
import { drillArchive } from "./drill";
import { archiveSettings, portSetting, recordsSetting } from "./settings";
import { verifyArchive } from "./verify";

export const verifyArchiveVerb = verb({
  name: "verify-archive",
  summary: "read every file of the archive, and compare it with its checksum",
  details: "Records how it ended for Prometheus, and fails with what is damaged or missing.",
  settings: { ...archiveSettings, records: recordsSetting },
  run: async ({ stanza, repository, records }, context) => {
    const check = { check: "verify" as const, repository, records };
    context.print(await recorded(check, context, () => verifyArchive({ stanza, repository }, context)));
    return "done";
  },
});

export const drillArchiveVerb = verb({
  name: "drill-archive",
  summary: "recover a moment of the archive, chosen at random, and read every row of it",
  details: "Records how it ended for Prometheus. Never touches the running cluster or its archive.",
  settings: {
    ...archiveSettings,
    records: recordsSetting,
    into: flag("--into <folder>", "the folder for the data; its content is deleted", text(), "PITR_INTO"),
    binaries: flag(
      "--bin-dir <folder>",
      "folder with the programs of the cluster's release",
      text("the path of a folder").optional(),
      "PITR_BIN_DIR",
    ),
    port: portSetting,
  },
  run: async ({ stanza, repository, records, into, binaries, port }, context) => {
    const check = { check: "drill" as const, repository, records };
    const drill = { stanza, repository, into, port, binaries: findBinaries(binaries) };
    context.print(await recorded(check, context, () => drillArchive(drill, context)));
    return "done";
  },
});
