import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type Release, runProgram } from "./programs";

interface ScratchArgs {
  readonly release: Release;
  readonly data: string;
  /** Folder of the socket, which only its owner may open. */
  readonly sockets: string;
  readonly preload: string;
  readonly signal: AbortSignal;
}

const PORT = 54_320;

/** Works with a server that nobody else reaches, and stops it in order whatever happens. */
export async function withScratchServer<T>(
  { release, data, sockets, preload, signal }: ScratchArgs,
  work: (server: { readonly host: string; readonly port: number }) => Promise<T>,
): Promise<T> {
  const access = join(sockets, "scratch-access.conf");
  await writeFile(access, "local all all trust\n");
  const options = [
    `-c hba_file=${access} -c listen_addresses= -c unix_socket_directories=${sockets} -c port=${PORT}`,
    `-c shared_preload_libraries=${preload} -c max_locks_per_transaction=1024 -c fsync=off -c wal_level=replica`,
  ].join(" ");
  const control = (words: readonly string[]) =>
    runProgram(release, "pg_ctl", ["--pgdata", data, "--wait", ...words], { cwd: sockets, signal });
  await control(["--silent", "--log", join(sockets, "scratch.log"), "--options", options, "start"]);
  try {
    return await work({ host: sockets, port: PORT });
  } finally {
    await control(["--mode", "fast", "stop"]);
  }
}

/** Asks a scratch server. */
export async function askScratch<Row extends pg.QueryResultRow>(
  { host, port }: { readonly host: string; readonly port: number },
  database: string,
  sql: string,
): Promise<Row[]> {
  const client = new pg.Client({ host, port, user: "postgres", database });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
