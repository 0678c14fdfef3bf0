/**
 * Import this before anything imports `@pulumi/pulumi`: it makes `pulumi.secret("a literal")` a secret placeholder at
 * the source, so that whatever the program makes from it shows the placeholder too, also where the mark is lost, as in
 * an artefact that is recorded inside an `apply`. Secrets from settings and from the stand-ins of providers are
 * placeholders already; a literal is the one other way in.
 */
import { createRequire } from "node:module";
import type * as Pulumi from "@pulumi/pulumi";
import { ANY_SECRET, showsPlaceholder } from "./placeholders";

const require = createRequire(import.meta.url);
// The exports of a CommonJS module can be set until the first `import` takes a copy of them.
const sdk = require("@pulumi/pulumi") as { secret: typeof Pulumi.secret; output: typeof Pulumi.output };
const original = sdk.secret;

sdk.secret = <T>(value: Pulumi.Input<T>) =>
  original(sdk.output(value).apply((known) => conceal(known))) as Pulumi.Output<Pulumi.Unwrap<T>>; // of the same shape

function conceal(value: unknown): unknown {
  if (typeof value === "string") return showsPlaceholder(value) ? value : ANY_SECRET;
  if (typeof value === "number") return 0; // a text in its place could break the program
  if (Array.isArray(value)) return value.map(conceal);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value; // an asset or a resource
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, conceal(inner)]));
}

/** Whether a program that imports `secret` from the SDK gets the one that conceals. */
export function conceals(secret: unknown): boolean {
  return secret === sdk.secret;
}
