import { z } from "zod";

/** The kinds of setting that several sections share, and how each one is described. */

export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

export const ROLES = ["etcd", "control-plane", "workload"] as const;
export type Role = (typeof ROLES)[number];

export const wholeNumber = (min: number, max: number) =>
  z.int(`a whole number from ${min} to ${max}`).min(min).max(max);

/**
 * What docs/settings.md says of a setting: its meaning, and how its default comes about where that is no constant.
 * Every setting has one; the page is made of them (`npm run docs`).
 */
export const says = (description: string, derived?: string) => ({
  description,
  ...(derived !== undefined && { derived }),
});
