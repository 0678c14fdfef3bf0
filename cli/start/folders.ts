import { join, resolve } from "node:path";

/** LOCAL and OUT contain everything that a run keeps. */
export const CHECKOUT = resolve(import.meta.dirname, "../..");
export const LOCAL = join(CHECKOUT, ".local");
export const OUT = join(CHECKOUT, "out");
