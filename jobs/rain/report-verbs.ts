import { flag, JobError, toggle, verb, wholeNumber, withDatabase } from "../shared";
import { databaseSettings, validationSettings, waterYear } from "./config";
import { findingsText, readStatus, statusText, validate } from "./reports";
import { migrateRain } from "./store";

const json = toggle("--json", "as JSON, for programs");
const purpose = { purpose: "the rain database", applicationName: "rain reports" };

export const status = verb({
  name: "status",
  summary: "what was imported, what the record covers, and what it lacks",
  answersOnStdout: true,
  settings: {
    ...databaseSettings,
    json,
    limit: flag(
      "--limit <n>",
      "longest list of imports and of gaps",
      wholeNumber({ min: 1, max: 100_000 }).default(20),
    ),
  },
  run: async (config, { print }) => {
    const status = await withDatabase(config.database, purpose, async (database) => {
      await migrateRain(database);
      return await readStatus(database, config.limit);
    });
    print(config.json ? JSON.stringify(status, undefined, 2) : statusText(status));
    return "done";
  },
});

export const validateRecord = verb({
  name: "validate",
  summary: "check the record: ranges, sums, neighbours, overlapping sources, the files' own totals",
  details:
    "Fails where the record is not what the files say. What is odd in the files themselves is only reported.",
  answersOnStdout: true,
  settings: {
    ...databaseSettings,
    ...validationSettings,
    json,
    waterYear: flag("--water-year <year>", "one water year alone", waterYear.optional()),
    limit: flag(
      "--limit <n>",
      "longest list of one check",
      wholeNumber({ min: 1, max: 100_000 }).default(100),
    ),
  },
  run: async (config, { print }) => {
    const findings = await withDatabase(config.database, purpose, async (database) => {
      await migrateRain(database);
      return await validate(database, config, config.waterYear);
    });
    print(config.json ? JSON.stringify(findings, undefined, 2) : findingsText(findings));
    const errors = findings.filter(({ severity }) => severity === "error").length;
    if (errors > 0) throw new JobError(`the record differs from its files in ${errors} places`);
    return "done";
  },
});
