import { join, resolve } from "node:path";

/** Everything that a run keeps is below these two folders of the checkout. */
export const CHECKOUT = resolve(import.meta.dirname, "../..");
export const LOCAL = join(CHECKOUT, ".local");
export const OUT = join(CHECKOUT, "out");
