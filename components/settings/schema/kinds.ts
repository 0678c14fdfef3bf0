import { z } from "zod";

/** Types of settings that several sections share, and the function that describes a setting. */

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const ROLES = ["etcd", "control-plane", "workload"] as const;
export type Role = (typeof ROLES)[number];

export const wholeNumber = (min: number, max: number) =>
  z.int(`a whole number from ${min} to ${max}`).min(min).max(max);

/**
 * The description of a setting in docs/settings.md, and its default if that is not a constant. Every setting has one;
 * `npm run docs` generates the page from them.
 */
export const says = (description: string, derived?: string) => ({
  description,
  ...(derived !== undefined && { derived }),
});

export const s3Region = z
  .string()
  .regex(/^[a-z0-9-]{2,40}$/, { error: "a region's name, such as fsn1 or eu-central-1" });
