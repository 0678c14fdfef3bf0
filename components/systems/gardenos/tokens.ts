import { createHmac } from "node:crypto";
import { endOf } from "../../shared/days";

/** A secret that tokens are signed with, and its epoch. */
export interface JwtSecret {
  readonly epoch: number;
  readonly value: string;
}

export interface TokenArgs {
  /** Secrets that are valid now, newest first. */
  readonly secrets: readonly JwtSecret[];
  /** Last day of the keys, YYYY-MM-DD. */
  readonly until: string;
}

/** What the services read of the JWT secrets, by key of the Secret. */
export function tokenData({ secrets, until }: TokenArgs): Record<string, string> {
  const [newest] = secrets;
  if (!newest) throw new Error("there is no JWT secret");
  const keys = secrets.map(({ epoch, value }) => ({
    kty: "oct",
    kid: kidOf(epoch),
    alg: "HS256",
    k: Buffer.from(value).toString("base64url"),
  }));
  return {
    secret: newest.value,
    secrets: secrets.map(({ value }) => value).join(","),
    "key-id": kidOf(newest.epoch),
    "key-set": JSON.stringify({ keys }),
    // The auth service signs with the one key that may sign.
    "auth-keys": JSON.stringify(
      keys.map((key, index) => ({ ...key, key_ops: index === 0 ? ["sign", "verify"] : ["verify"] })),
    ),
    "anon-key": apiKey("anon", newest, until),
    "service-key": apiKey("service_role", newest, until),
  };
}

const kidOf = (epoch: number) => `trellis-${epoch}`;

/** A key of the API: a token of a role and of no user. It is the same at every preview, so it has no time of issue. */
function apiKey(role: "anon" | "service_role", { epoch, value }: JwtSecret, until: string): string {
  const exp = endOf(until) / 1000;
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT", kid: kidOf(epoch) })}.${part({ iss: "trellis", role, exp })}`;
  return `${signed}.${createHmac("sha256", value).update(signed).digest("base64url")}`;
}
