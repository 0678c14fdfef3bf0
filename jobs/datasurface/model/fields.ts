import { z } from "zod";
import { NAME } from "./names";

/** The fields that several parts of the model share. */

/** Reserved words of SQL, which PostgreSQL refuses as unquoted table names. */
const RESERVED = new Set(
  (
    "all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create " +
    "current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else " +
    "end except false fetch for foreign from grant group having in initially intersect into lateral leading limit " +
    "localtime localtimestamp not null offset on only or order placing primary references returning select " +
    "session_user some symmetric table then to trailing true union unique user using variadic when where window with"
  ).split(" "),
);

const SYSTEM_COLUMNS = ["ctid", "oid", "tableoid", "xmin", "xmax", "cmin", "cmax"];

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?$/;

/**
 * Everybody with push access to the model's repository can write these texts, and templates, shells, SQL and Kubernetes
 * may read them. Therefore each has its own pattern, and none allows a brace, a quote, a `$` or a control character.
 */
export const hostName = z
  .string()
  .refine(
    (given) => HOST_NAME.test(given) || z.regexes.ipv6.test(given),
    "allowed: a host name, or an address of IPv4 or IPv6",
  );

export const databaseName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/,
    "allowed: at most 63 letters, digits, underscores, dots and hyphens; no hyphen or dot first",
  );

export const roleName = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,62}$/,
    "allowed: at most 63 letters, digits, underscores, dots, hyphens and @; no hyphen, dot or @ first",
  );

export const credential = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,62}$/,
    "allowed: the name of an environment variable, at most 63 characters",
  );

/** Text for people; control characters are refused because terminals execute them. */
export const documentation = z
  .string()
  .max(10_000, "is longer than 10000 characters")
  .regex(/^(?:[^\p{Cc}]|[\t\r\n])*$/u, "allowed: text, tabs and line ends, and no other control characters");

export const classification = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_ .:/-]{0,63}$/,
    "allowed: at most 64 letters, digits, spaces and any of _ . : / -",
  );

export const name = z
  .string()
  .regex(NAME, "allowed: a letter, then at most 127 letters, digits or underscores");

export const identifier = name
  .refine((given) => !RESERVED.has(given.toLowerCase()), "is a reserved word of SQL")
  .refine((given) => given.length <= 63, "is longer than the 63 characters that PostgreSQL keeps");

/** Always quoted in SQL, so that sources keep their names: reserved words and letters of any language are allowed. */
export const columnName = z
  .string()
  .regex(
    /^[\p{L}_][\p{L}\p{M}\p{N}_]*$/u,
    "allowed: a letter of any language or an underscore, then letters, digits or underscores",
  )
  .refine(
    (given) => Buffer.byteLength(given) <= 63,
    "is longer than the 63 bytes (in UTF-8) that PostgreSQL keeps",
  )
  .refine(
    (given) => !given.toLowerCase().startsWith("ds_surf_"),
    "ds_surf_ is kept for the columns that ingestion adds",
  )
  .refine((given) => !SYSTEM_COLUMNS.includes(given.toLowerCase()), "is a system column of PostgreSQL");

/** When to stop a batch that deletes too much, before its merge. */
export const deletions = z.strictObject({
  maxShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe("The largest share of a dataset's open rows that one batch may delete."),
  maxRows: z
    .number()
    .int()
    .min(0)
    .optional()
    .describe("The largest number of a dataset's rows that one batch may delete."),
  allowEmpty: z
    .boolean()
    .default(false)
    .describe("Whether an empty source table is accepted as a deletion of all rows."),
});

const cron = z
  .string()
  .regex(
    /^(@(hourly|daily|weekly|monthly|yearly)|[A-Za-z0-9*,/#?-]{1,100}( [A-Za-z0-9*,/#?-]{1,100}){4})$/,
    "allowed: a cron expression of five fields, or @hourly and the like",
  );

const quantities = z
  .strictObject({
    cpu: z.string().regex(/^(\d{1,6}m|\d{1,3}(\.\d{1,3})?)$/, "allowed: such as 500m or 2"),
    memory: z.string().regex(/^\d{1,7}(Mi|Gi)$/, "allowed: such as 512Mi or 2Gi"),
  })
  .partial();

export const trigger = z.union(
  [z.strictObject({ cron }), z.strictObject({ external: z.literal(true) })],
  'allowed: { cron: "* * * * *" } or { external: true }',
);

export const resources = z.strictObject({ requests: quantities.default({}), limits: quantities.default({}) });
