import { z } from "zod";
import { database, decimalNumber, oneOf, text, variable, wholeNumber } from "../shared";
import { POOLS, type PoolName, poolNames } from "./runtime";
import type { Budget } from "./store";

/** The database with the CRM's tables and the agents' own. */
export const databaseSettings = {
  database: database("AGENTS_DATABASE", "the CRM database", { database: "crm" }),
  role: variable(
    "AGENTS_ROLE",
    "role that the runtime works as, whose rights and row policies limit it; the login must be this role or a member of it",
    text("the name of a role").default("crm_agents"),
  ),
};

export const sessionSettings = {
  ...databaseSettings,
  sessions: variable(
    "AGENTS_DATABASE_SESSIONS",
    "database sessions that a process opens at most; one more listens for tasks",
    wholeNumber({ min: 2, max: 100 }).default(8),
  ),
  statementSeconds: variable(
    "AGENTS_STATEMENT_SECONDS",
    "longest time for one statement",
    wholeNumber({ min: 1, max: 600 }).default(15),
  ),
};

/** Limits that pg-boss stores with each queue. */
export const queueSettings = {
  taskSeconds: variable(
    "AGENTS_TASK_SECONDS",
    "longest time for a task; the task of a killed worker is delivered again after it",
    wholeNumber({ min: 2, max: 3_600 }).default(120),
  ),
  retries: variable(
    "AGENTS_RETRIES",
    "deliveries of a task after the first, later each time, before it fails",
    wholeNumber({ min: 0, max: 100 }).default(14),
  ),
};

const price = (direction: "INPUT" | "OUTPUT", what: string) =>
  variable(
    `AGENTS_PRICE_${direction}`,
    `cents for a million tokens of ${what}; a budget in cents needs it`,
    wholeNumber({ max: 10_000_000 }).default(0),
  );

const url = text("an http or https address").refine(
  (given) => /^https?:\/\/.+/.test(given) && URL.canParse(given),
  "allowed: an address that begins with https:// or http://",
);

export const modelSettings = {
  url: variable(
    "AGENTS_MODEL_URL",
    "base address of an OpenAI-compatible API, for example https://api.example.com/v1",
    url,
  ),
  model: variable("AGENTS_MODEL", "name of the model", text("the name of a model")),
  key: variable("AGENTS_MODEL_KEY", "key of the API", text(), { secret: true }),
  callSeconds: variable(
    "AGENTS_CALL_SECONDS",
    "longest time for one request to the model",
    decimalNumber({ above: 0 }).default(30),
  ),
  attempts: variable(
    "AGENTS_CALL_ATTEMPTS",
    "requests for one answer before the task waits for its next delivery",
    wholeNumber({ min: 1, max: 10 }).default(3),
  ),
  answerTokens: variable(
    "AGENTS_ANSWER_TOKENS",
    "most tokens of one answer; each request reserves them",
    wholeNumber({ min: 16, max: 100_000 }).default(1_500),
  ),
  inputPrice: price("INPUT", "a prompt"),
  outputPrice: price("OUTPUT", "an answer"),
};

/** `tokens:200000`, `cents:500`, or both, separated by a comma. */
export const budgetSetting = variable(
  "AGENTS_DAILY_BUDGET",
  "what each workspace may use in a day (UTC): tokens:<n>, cents:<n>, or both separated by a comma; without it there is no limit",
  text()
    .transform((given, issues): Budget => {
      const parts = given.split(",").map((part) => /^(tokens|cents):(\d{1,12})$/.exec(part.trim()));
      const names = parts.map((part) => part?.[1]);
      if (names.some((name) => !name) || new Set(names).size !== names.length) {
        issues.addIssue({
          code: "custom",
          message: "allowed: tokens:200000, or cents:500, or tokens:200000,cents:500",
        });
        return z.NEVER;
      }
      const limit = (kind: string) => {
        const found = parts.find((part) => part?.[1] === kind);
        return found ? Number(found[2]) : undefined;
      };
      return { tokens: limit("tokens"), cents: limit("cents") };
    })
    .default({ tokens: undefined, cents: undefined }),
);

export const poolsSetting = variable(
  "AGENTS_POOLS",
  "pools that this process works for, with the agents of each: lead-analysis:3,follow-up:2",
  text()
    .default("lead-analysis:3,follow-up:2")
    .transform((given, issues): ReadonlyMap<PoolName, number> => {
      const sizes = new Map<PoolName, number>();
      for (const part of given.split(",")) {
        const [name, size] = part.trim().split(":");
        const pool = POOLS.find((each) => each.name === name);
        if (!pool || !/^(\d|10)$/.test(size ?? "") || sizes.has(pool.name)) {
          const message = `allowed: <pool>:<0 to 10>, each pool once, separated by commas; pools: ${poolNames.join(", ")}`;
          issues.addIssue({ code: "custom", message });
          return z.NEVER;
        }
        sizes.set(pool.name, Number(size));
      }
      return sizes;
    }),
);

export const workSettings = {
  ...sessionSettings,
  ...queueSettings,
  ...modelSettings,
  pools: poolsSetting,
  budget: budgetSetting,
  tokensPerMinute: variable(
    "AGENTS_TOKENS_PER_MINUTE",
    "tokens that all workers together may use of the model in a minute; without it there is no limit",
    wholeNumber({ min: 1 }).optional(),
  ),
  dryRun: variable(
    "AGENTS_DRY_RUN",
    "true: ask the model and record its decisions, and write nothing to the CRM",
    oneOf(["true", "false"])
      .default("false")
      .transform((given) => given === "true"),
  ),
  pollSeconds: variable(
    "AGENTS_POLL_SECONDS",
    "how often an idle agent looks for a task that nobody woke it for",
    decimalNumber({ above: 0 }).default(2),
  ),
  keepTasksDays: variable(
    "AGENTS_KEEP_TASKS_DAYS",
    "days that finished tasks with their results, and the records of model calls, are kept; 0 keeps them for ever",
    wholeNumber({ max: 36_500 }).default(90),
  ),
  keepAuditDays: variable(
    "AGENTS_KEEP_AUDIT_DAYS",
    "days that decisions, and the tokens of each day, are kept; 0 keeps them for ever",
    wholeNumber({ max: 36_500 }).default(365),
  ),
  maintenanceSeconds: variable(
    "AGENTS_MAINTENANCE_SECONDS",
    "how often tasks of killed workers are looked for",
    wholeNumber({ min: 1, max: 3_600 }).default(15),
  ),
};

export const secretsSetting = variable(
  "AGENTS_JWT_SECRET",
  "secrets that tokens may be signed with (HS256), newest first, separated by commas; each has at least 32 characters",
  text()
    .transform((given) => given.split(",").map((each) => each.trim()))
    .refine(
      (secrets) => secrets.every((each) => each.length >= 32),
      "allowed: secrets of at least 32 characters",
    ),
  { secret: true },
);

export const portSetting = (fallback: number) =>
  variable("PORT", "port to listen on", wholeNumber({ min: 0, max: 65_535 }).default(fallback));

export const hostSetting = variable("HOST", "address to listen on", z.string().default("0.0.0.0"));
