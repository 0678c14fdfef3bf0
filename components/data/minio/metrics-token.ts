import { createHmac } from "node:crypto";

/** The token outlives every cluster of today. To revoke access to the metrics, remove the user. */
const EXPIRES = Date.UTC(2100, 0, 1) / 1000;

/**
 * The bearer token with which Prometheus scrapes MinIO: a JWT for a user, signed with that user's secret key. MinIO
 * applies the user's policy, so the token gives access to metrics alone.
 */
export function metricsToken(user: string, secretKey: string): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString("base64url");
  const signed = `${part({ alg: "HS512", typ: "JWT" })}.${part({ exp: EXPIRES, sub: user, iss: "prometheus" })}`;
  return `${signed}.${createHmac("sha512", secretKey).update(signed).digest("base64url")}`;
}
