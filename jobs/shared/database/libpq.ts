import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseAddress } from "./database-setting";

/**
 * Runs work with the connection in libpq's environment variables, so that a process list shows nothing of it. libpq
 * needs the CA certificate as a file, which exists only while the work runs.
 */
export async function withLibpq<T>(
  { host, port, user, password, database, sslmode, certificateAuthority }: DatabaseAddress,
  applicationName: string,
  work: (environment: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  const folder =
    certificateAuthority === undefined ? undefined : await mkdtemp(join(tmpdir(), "trellis-libpq-"));
  const authority = folder && join(folder, "authority.pem");
  try {
    if (authority) await writeFile(authority, certificateAuthority ?? "");
    return await work({
      PATH: process.env.PATH,
      HOME: "/nonexistent", // so that no ~/.pgpass or ~/.postgresql has an effect
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGDATABASE: database,
      PGPASSWORD: password,
      PGSSLMODE: sslmode,
      PGAPPNAME: applicationName,
      PGCONNECT_TIMEOUT: "15",
      ...(authority ? { PGSSLROOTCERT: authority } : {}),
    });
  } finally {
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}
