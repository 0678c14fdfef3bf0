import { join, resolve } from "node:path";

/** LOCAL and OUT contain everything that a run keeps. */
export const CHECKOUT = resolve(import.meta.dirname, "../..");
export const LOCAL = join(CHECKOUT, ".local");
/** The output of each step, by workload. */
export const LOGS = join(LOCAL, "logs");
export const OUT = join(CHECKOUT, "out");
