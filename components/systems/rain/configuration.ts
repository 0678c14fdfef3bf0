import { type Environment, rainServers } from "../../settings";

/** The web site that publishes the rain files. */
const PROVIDER_URL = "https://alert.fcd.maricopa.gov/alert/Rain/";

/** The mount path of the archive in an import's pod. */
export const ARCHIVE_PATH = "/archive";

/** The environment variables of every pod. All differences between environments are here. */
export function rainConfiguration(
  environment: Environment,
  origins: readonly string[] = [],
): Record<string, string> {
  return {
    ...(origins.length > 0 && {
      RAIN_CORS_ORIGINS: origins.map((origin) => new URL(origin).origin).join(","),
    }),
    LOG_FORMAT: "json",
    LOG_LEVEL: environment === "dev" ? "debug" : "info",
    MCFCD_BASE_URL: PROVIDER_URL,
    MCFCD_WORKBOOK_PATH: "pcp_WY_{YYYY}.xlsx",
    MCFCD_PDF_PATH: "pcp{MM}{YY}.pdf",
    MCFCD_FOPR_PATH: "FOPR/{ID}_FOPR.xlsx",
    RAIN_ARCHIVE: ARCHIVE_PATH,
    RAIN_CONTINUE_ON_FAILURE: environment === "dev" ? "true" : "false",
    RAIN_DATABASE_SESSIONS: String(rainServers(environment).sessions),
    RAIN_DEFAULT_START_YEAR: "2010",
    RAIN_DOWNLOAD_ATTEMPTS: "3",
    RAIN_DOWNLOAD_TIMEOUT_SECONDS: "300",
    RAIN_MAX_MISSING_MONTHS: "0",
    RAIN_MAX_UNREAD_SHARE: "0.01",
    RAIN_PDF_START_YEAR: "2000",
    RAIN_QUERY_TIMEOUT_SECONDS: "60",
    RAIN_RATE_LIMIT_SECONDS: "2",
    RAIN_RETRY_DELAY_SECONDS: "5",
    RAIN_SKIP_UNCHANGED: "true",
    RAIN_VALIDATE_RAINFALL_MAX: "20",
    RAIN_VALIDATE_YEAR_MAX: "100",
    RAIN_WORKBOOK_START_YEAR: "2022",
  };
}
