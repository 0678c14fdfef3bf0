import { z } from "zod";
import { argument, flag, JobError, oneOf, text, toggle, verb, wholeNumber } from "../shared";
import { todayInArizona, waterYearOf } from "./calendar";
import { bulkSettings, databaseSettings, importSettings, providerSettings, waterYear } from "./config";
import {
  expectationOf,
  Importer,
  importOfficialRecords,
  importRecord,
  importWaterYears,
  readLocalFile,
} from "./imports";

const importer = { ...databaseSettings, ...providerSettings, ...importSettings };

/** A water year, or `current` and `previous`, so that a schedule needs no date. */
const yearWord = z.union(
  [
    waterYear,
    oneOf(["current", "previous"]).transform(
      (word) => waterYearOf(todayInArizona()) - (word === "previous" ? 1 : 0),
    ),
  ],
  {
    error: ({ input }) =>
      input === undefined
        ? "is required"
        : "allowed: a water year from 1990 to 2199, or current, or previous",
  },
);

export const importYear = verb({
  name: "import-year",
  summary: "import one water year from the provider, or from a file",
  details:
    "A water year runs from October of the year before to September. Running it again repeats nothing.",
  settings: {
    ...importer,
    year: argument(0, "year", "water year, or `current`, or `previous`", yearWord),
    file: flag(
      "--file <path>",
      "a workbook or PDF of that year, instead of the provider's",
      text().optional(),
    ),
  },
  run: async (config, context) => {
    await Importer.with(config, context, async (importer) => {
      if (config.file === undefined) {
        await importWaterYears(importer, {
          years: [config.year],
          continueOnFailure: true,
          sequential: false,
        });
      } else {
        const { name, bytes } = await readLocalFile(config.file);
        await importer.keep(name, bytes);
        await importer.importFile(name, bytes, expectationOf(name, config.year));
      }
    });
    return "done";
  },
});

export const importYears = verb({
  name: "import-years",
  summary: "import the water years from the first to the last given",
  details:
    "Stops at the first year that fails, unless told to go on. Running it again does only what is missing.",
  settings: {
    ...importer,
    ...bulkSettings,
    first: argument(
      0,
      "first",
      "first water year (RAIN_DEFAULT_START_YEAR where none is given)",
      yearWord.optional(),
    ),
    last: argument(1, "last", "last water year (the current one where none is given)", yearWord.optional()),
    continueOnFailure: toggle("--continue-on-failure", "go on with the next year after one has failed"),
    sequential: toggle("--sequential", "fetch a file only when the one before has been imported"),
  },
  check: ({ first, last, defaultStartYear }) =>
    (first ?? defaultStartYear) > (last ?? Number.POSITIVE_INFINITY)
      ? [`<last>: ${last} is before the first year`]
      : [],
  run: async (config, context) => {
    await Importer.with(config, context, async (importer) => {
      const first = config.first ?? config.defaultStartYear;
      const last = config.last ?? waterYearOf(todayInArizona());
      const years = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
      const continueOnFailure = config.continueOnFailure || config.continueByDefault;
      await importWaterYears(importer, { years, continueOnFailure, sequential: config.sequential });
    });
    return "done";
  },
});

export const importFopr = verb({
  name: "import-fopr",
  summary:
    "ask for the official records of gauges: description and former numbers, with --data also daily readings",
  details:
    "Without --gauge it takes every gauge that was not asked for lately; a gauge without a record is no failure.",
  settings: {
    ...importer,
    gauge: flag(
      "--gauge <id>",
      "one gauge alone",
      text()
        .regex(/^\d{3,6}$/, "allowed: a station number of 3 to 6 digits")
        .optional(),
    ),
    file: flag("--file <path>", "the gauge's workbook, instead of the provider's", text().optional()),
    staleDays: flag(
      "--stale-days <n>",
      "how old the last answer must be",
      wholeNumber({ max: 10_000 }).default(30),
    ),
    withReadings: toggle("--data", "import the daily readings too"),
  },
  run: async (config, context) => {
    await Importer.with(config, context, async (importer) => {
      if (config.file === undefined) {
        await importOfficialRecords(importer, config);
      } else {
        const { name, bytes } = await readLocalFile(config.file);
        const gauge = config.gauge ?? /^(\d{3,6})_FOPR/i.exec(name)?.[1];
        if (!gauge) throw new JobError(`${name}: say with --gauge whose record it is`, 2);
        await importer.keep(name, bytes);
        await importRecord(importer, name, bytes, gauge, config.withReadings);
      }
    });
    return "done";
  },
});
