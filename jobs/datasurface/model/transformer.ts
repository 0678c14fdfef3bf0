import { z } from "zod";
import {
  columnName,
  credential,
  deletions,
  documentation,
  identifier,
  name,
  resources,
  trigger,
} from "./fields";

/** The shape of `transformers` in `model.yaml`; lint-transformers.ts checks them against the stores that they read. */

const MOST_DAYS = 36_500;

const shift = z.strictObject({
  /** The column whose value chooses the offset: all dates of one person move by the same number of days. */
  by: columnName,
  /** The largest offset, in days, into the past or the future. */
  days: z.number().int().min(1).max(MOST_DAYS).default(365),
});

const treatment = z.union(
  [z.enum(["hash", "redact", "token", "keep", "drop"]), z.strictObject({ shift })],
  "allowed: hash, redact, token, keep, drop, or { shift: { by: <column>, days: <number from 1 to 36500> } }",
);

export const transformer = z.strictObject({
  /** The name of the store that it makes. */
  name,
  team: name,
  documentation: documentation.optional(),
  production: z.boolean().default(false),
  kind: z.enum(["mask", "select"], "allowed: mask, select"),
  /** The store that it reads, from that store's merge tables on the same platform. */
  from: name,
  /** The name of the secret key of `hash`, `token` and `shift`. Masks with the same key give the same tokens. */
  key: credential.optional(),
  trigger,
  resources: resources.optional(),
  deletions: deletions.default({ maxShare: 0.5, allowEmpty: false }),
  datasets: z
    .array(
      z.strictObject({
        name: identifier,
        /** The dataset that it copies. Undefined: the one of the same name. */
        from: identifier.optional(),
        documentation: documentation.optional(),
        /** What becomes of each column. A column without an entry is dropped. */
        columns: z.record(columnName, treatment),
      }),
    )
    .min(1, "needs at least one dataset"),
});

export type Transformer = z.output<typeof transformer>;
export type Treatment = z.output<typeof treatment>;
