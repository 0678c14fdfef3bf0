import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/** PostgreSQL's default. */
const ITERATIONS = 4096;

/**
 * What PostgreSQL stores instead of a password (RFC 5803, SCRAM-SHA-256). It is computed here, so that the password
 * itself is never sent to the server, where statement logs would keep it. Printable ASCII only: nothing is normalized.
 */
export function scramVerifier(
  password: string,
  salt: Buffer = randomBytes(16),
  iterations = ITERATIONS,
): string {
  const salted = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(hmac("Client Key")).digest("base64");
  const serverKey = hmac("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}

/** Whether a verifier matches the password. */
export function verifies(verifier: string | null, password: string): boolean {
  const [, iterations, salt] = /^SCRAM-SHA-256\$(\d+):([^$]+)\$/.exec(verifier ?? "") ?? [];
  if (!verifier || !iterations || !salt) return false;
  const made = scramVerifier(password, Buffer.from(salt, "base64"), Number(iterations));
  return made.length === verifier.length && timingSafeEqual(Buffer.from(made), Buffer.from(verifier));
}
