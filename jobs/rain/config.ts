import { z } from "zod";
import { database, decimalNumber, oneOf, optionalObjectStore, text, variable, wholeNumber } from "../shared";

const url = text("an http or https address").refine(
  (given) => /^https?:\/\/.+/.test(given) && URL.canParse(given),
  "allowed: an address that begins with https:// or http://",
);

const pattern = (...places: string[]) =>
  text().refine(
    (given) => places.every((place) => given.includes(place)),
    `allowed: a path that contains ${places.join(" and ")}`,
  );

const yesOrNo = oneOf(["true", "false"]).transform((given) => given === "true");

const share = text("a share from 0 to 1")
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, "allowed: a share from 0 to 1, such as 0.01")
  .transform(Number);

const seconds = decimalNumber({ above: 0 });

/** The database of the rain record. */
export const databaseSettings = {
  database: database("RAIN_DATABASE", "the rain database", { database: "rain" }),
};

/** Where the provider's files are, and how gently to download them. */
export const providerSettings = {
  baseUrl: variable(
    "MCFCD_BASE_URL",
    "the provider's folder of rain files",
    url.default("https://alert.fcd.maricopa.gov/alert/Rain/"),
  ),
  workbookPath: variable(
    "MCFCD_WORKBOOK_PATH",
    "path of a water year's workbook below it",
    pattern("{YYYY}").default("pcp_WY_{YYYY}.xlsx"),
  ),
  pdfPath: variable(
    "MCFCD_PDF_PATH",
    "path of a month's PDF below it",
    pattern("{MM}", "{YY}").default("pcp{MM}{YY}.pdf"),
  ),
  foprPath: variable(
    "MCFCD_FOPR_PATH",
    "path of a gauge's official record below it",
    pattern("{ID}").default("FOPR/{ID}_FOPR.xlsx"),
  ),
  rateLimitSeconds: variable(
    "RAIN_RATE_LIMIT_SECONDS",
    "least time between two requests",
    seconds.default(2),
  ),
  downloadTimeoutSeconds: variable(
    "RAIN_DOWNLOAD_TIMEOUT_SECONDS",
    "longest time for one download",
    seconds.default(300),
  ),
  downloadAttempts: variable(
    "RAIN_DOWNLOAD_ATTEMPTS",
    "how often a download is tried in all",
    wholeNumber({ min: 1, max: 20 }).default(3),
  ),
  retryDelaySeconds: variable(
    "RAIN_RETRY_DELAY_SECONDS",
    "longest first wait before a retry",
    seconds.default(5),
  ),
  archive: variable(
    "RAIN_ARCHIVE",
    "folder that keeps every file under its digest; without it nothing is kept and everything is fetched anew",
    text("the path of a folder").optional(),
  ),
  files: optionalObjectStore("RAIN_FILES", "every file under its digest"),
};

/** How files become readings. */
export const importSettings = {
  workbookStartYear: variable(
    "RAIN_WORKBOOK_START_YEAR",
    "first water year that has a workbook; before it there are monthly PDFs",
    wholeNumber({ min: 1990, max: 2199 }).default(2022),
  ),
  pdfStartYear: variable(
    "RAIN_PDF_START_YEAR",
    "first water year that has PDFs",
    wholeNumber({ min: 1990, max: 2199 }).default(2000),
  ),
  batchSize: variable(
    "RAIN_BATCH_SIZE",
    "readings that are merged in one transaction",
    wholeNumber({ min: 1, max: 200_000 }).default(20_000),
  ),
  skipUnchanged: variable(
    "RAIN_SKIP_UNCHANGED",
    "whether a file that was imported completely is passed over",
    yesOrNo.default(true),
  ),
  parseTimeoutSeconds: variable(
    "RAIN_PARSE_TIMEOUT_SECONDS",
    "longest time for reading one file",
    seconds.default(60),
  ),
  parseMemoryMib: variable(
    "RAIN_PARSE_MEMORY_MIB",
    "most memory for reading one file",
    wholeNumber({ min: 64, max: 16_384 }).default(512),
  ),
  queryTimeoutSeconds: variable(
    "RAIN_QUERY_TIMEOUT_SECONDS",
    "longest time for one statement",
    wholeNumber({ min: 1, max: 86_400 }).default(60),
  ),
  maxUnreadShare: variable(
    "RAIN_MAX_UNREAD_SHARE",
    "largest share of a file's values that may be unreadable; a file with more is refused",
    share.default(0.01),
  ),
  maxMissingMonths: variable(
    "RAIN_MAX_MISSING_MONTHS",
    "how many monthly PDFs of a past water year the provider may lack before the import fails",
    wholeNumber({ min: 0, max: 12 }).default(0),
  ),
  rainfallMax: variable(
    "RAIN_VALIDATE_RAINFALL_MAX",
    "daily inches above which a value is kept, but called suspect",
    decimalNumber({ above: 0 }).default(20),
  ),
};

/** Further thresholds of `validate`. */
export const validationSettings = {
  rainfallMax: importSettings.rainfallMax,
  yearMax: variable(
    "RAIN_VALIDATE_YEAR_MAX",
    "inches in a water year above which the sum is called suspect",
    decimalNumber({ above: 0 }).default(100),
  ),
};

/** A water year as a positional argument. */
export const waterYear = wholeNumber({ min: 1990, max: 2199 });

/** Settings of the bulk imports. */
export const bulkSettings = {
  defaultStartYear: variable(
    "RAIN_DEFAULT_START_YEAR",
    "first water year where none is given",
    waterYear.default(2010),
  ),
  continueByDefault: variable(
    "RAIN_CONTINUE_ON_FAILURE",
    "whether further years are imported after one failed",
    yesOrNo.default(false),
  ),
};

/** Settings of the servers. */
export const serverSettings = {
  sessions: variable(
    "RAIN_DATABASE_SESSIONS",
    "database sessions that requests take turns with",
    wholeNumber({ min: 1, max: 100 }).default(5),
  ),
  waiting: variable(
    "RAIN_WAITING_REQUESTS",
    "requests that may wait for a database session; the next ones are refused",
    wholeNumber({ min: 0, max: 10_000 }).default(50),
  ),
};

/** Pages on these origins may read the API from a browser. */
export const corsOrigins = variable(
  "RAIN_CORS_ORIGINS",
  "origins whose pages may read the API from a browser, with commas between them, or * for all",
  text()
    .transform((given) => given.split(",").map((origin) => origin.trim()))
    .refine(
      (origins) =>
        origins.every((each) => each === "*" || (URL.canParse(each) && new URL(each).origin === each)),
      "allowed: origins such as https://app.example.com, without a path, with commas between them, or *",
    )
    .default([]),
);

/** How long a statement of a visitor's request may take. The queries of the metrics read the whole record. */
export const answerTimeout = variable(
  "RAIN_ANSWER_TIMEOUT_SECONDS",
  "longest time for one statement of the API, and longest wait for a database session",
  wholeNumber({ min: 1, max: 3_600 }).default(10),
);

export const portSetting = (fallback: number) =>
  variable("RAIN_PORT", "port to listen on", wholeNumber({ min: 0, max: 65_535 }).default(fallback));

export const hostSetting = variable("RAIN_HOST", "address to listen on", z.string().default("0.0.0.0"));
