import { spawnSync } from "node:child_process";
import { UserError } from "../../components/shared/user-error";
import type { Given } from "../shared/command";
import { clientRemedy, wheelPrograms } from "../shared/postgres-client";
import { LOCAL, readServing, type Serving } from "../start";

/** Runs `trellis psql` and returns psql's exit code. */
export async function psql({ words, flags }: Given<{ "--print": string }>): Promise<number> {
  const serving = await readServing();
  if (!serving)
    throw new UserError("no stack runs here; start it in another terminal: npx trellis start --serve");
  const named = words[0] !== undefined && !words[0].startsWith("-");
  const database = named ? (words[0] ?? "") : "postgres";
  const address = connectionString(serving, database);
  if (flags.print) {
    process.stdout.write(`${address}\n`);
    return 0;
  }
  // The password is not among the arguments, which every user of the machine can list.
  const { password } = serving.postgres;
  const { status, error } = spawnSync(
    "psql",
    [connectionString(serving, database, { password: false }), ...words.slice(named ? 1 : 0)],
    {
      stdio: "inherit",
      env: {
        ...process.env,
        PGPASSWORD: password,
        PATH: [wheelPrograms(LOCAL), process.env.PATH].filter(Boolean).join(":"),
      },
    },
  );
  if (!error) return status ?? 1;
  process.stdout.write(`${address}\n`);
  throw new UserError(
    `psql cannot run (${error.message}); use the connection string above with another client, or ${clientRemedy(serving.postgres.version)}`,
  );
}

/** A connection string of libpq that verifies the server's certificate. */
export function connectionString(
  { postgres: { port, user, password }, authority }: Serving,
  database: string,
  shown: { readonly password: boolean } = { password: true },
): string {
  const url = new URL(`postgres://${user}@127.0.0.1:${port}`);
  if (shown.password) url.password = password;
  url.pathname = `/${encodeURIComponent(database)}`;
  url.searchParams.set("sslmode", "verify-ca");
  url.searchParams.set("sslrootcert", authority);
  return url.href;
}
