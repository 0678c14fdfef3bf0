import { createHmac } from "node:crypto";

/** Long after every cluster of today: who should no longer read metrics loses the user, not the token's time. */
const EXPIRES = Date.UTC(2100, 0, 1) / 1000;

/**
 * What a collector shows to MinIO: a token in its user's name, signed with that user's secret key. MinIO asks the user's
 * policy what it may see, so that it opens no more than metrics.
 */
export function metricsToken(user: string, secretKey: string): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "HS512", typ: "JWT" })}.${part({ exp: EXPIRES, sub: user, iss: "prometheus" })}`;
  return `${signed}.${createHmac("sha512", secretKey).update(signed).digest("base64url")}`;
}
