/**
 * Import this before anything that imports `@pulumi/pulumi`. It makes `pulumi.secret("a literal")` return a
 * placeholder, so everything made from it shows the placeholder, even where the secret mark is lost, as in an artefact
 * recorded inside an `apply`. Secrets from settings and from simulated providers are placeholders already; a literal is
 * the only other source.
 */
import { createRequire } from "node:module";
import "./lazy-arborist";
import type * as Pulumi from "@pulumi/pulumi";
import { ANY_SECRET, showsPlaceholder } from "../shared/placeholders";

const require = createRequire(import.meta.url);
// Exports of a CommonJS module can be replaced only before the first `import` copies them.
const sdk = require("@pulumi/pulumi") as { secret: typeof Pulumi.secret; output: typeof Pulumi.output };
const original = sdk.secret;

sdk.secret = <T>(value: Pulumi.Input<T>) =>
  original(sdk.output(value).apply((known) => conceal(known))) as Pulumi.Output<Pulumi.Unwrap<T>>; // of the same shape

/** Certificates are public. Programs mark them as secret only together with their keys. */
const CERTIFICATES = /^(-----BEGIN CERTIFICATE-----(?:(?!-----)[\s\S])*-----END CERTIFICATE-----\s*)+$/;

function conceal(value: unknown): unknown {
  if (typeof value === "string")
    return showsPlaceholder(value) || CERTIFICATES.test(value) ? value : ANY_SECRET;
  if (typeof value === "number") return 0; // a string instead of a number could break the program
  if (Array.isArray(value)) return value.map(conceal);
  if (typeof value !== "object" || value === null) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return value; // an asset or a resource
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, conceal(inner)]));
}

/** Whether `secret` is the patched function, as a program imports it from the SDK. */
export function conceals(secret: unknown): boolean {
  return secret === sdk.secret;
}
