import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import pg from "pg";
import { Refused, type Statement, statementFor } from "./statement";

/**
 * Stand-in for PostgREST 14 behind an ingress that strips `/rest/v1`. It does to PostgreSQL what PostgREST does: one
 * transaction a request, read-only for a GET, in which the token's role and claims are set before the one statement. It
 * knows tables, filters, order, ranges, counts, single objects, upserts and functions, and answers errors with PostgREST's
 * codes. It does not embed related tables, select JSON paths, or negotiate formats.
 */
export class StandInRest {
  readonly #server: Server;
  readonly #pool: pg.Pool;

  private constructor(server: Server, pool: pg.Pool) {
    this.#server = server;
    this.#pool = pool;
  }

  /** Starts it as the login of PostgREST, with the set of keys that the deployment gives it. */
  static async start(database: pg.PoolConfig, keySet: string): Promise<StandInRest> {
    const pool = new pg.Pool({ ...database, max: 4 });
    // Safe: this is the key set that tokens.ts renders.
    const { keys: given } = JSON.parse(keySet) as { keys: readonly { kid: string; k: string }[] };
    const keys: Keys = new Map(given.map(({ kid, k }) => [kid, Buffer.from(k, "base64url")]));
    const server = createServer((request, response) => {
      void answer(request, pool, keys).then(({ status, body, headers = {} }) => {
        response.writeHead(status, { "content-type": "application/json", ...headers });
        response.end(body === undefined ? undefined : JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new StandInRest(server, pool);
  }

  get url(): string {
    // Safe: the server listens on a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#pool.end();
  }
}

/** The secrets, by the id that a token names. */
type Keys = ReadonlyMap<string, Uint8Array>;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

async function answer(request: IncomingMessage, pool: pg.Pool, keys: Keys): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  let role = "anon";
  try {
    const claims = await claimsOf(request, keys);
    role = String(claims?.role ?? "anon");
    return await run(request, Buffer.concat(chunks).toString(), role, claims, pool);
  } catch (error) {
    if (error instanceof Refused) return error;
    if (!(error instanceof pg.DatabaseError)) throw error;
    const { code = "", message, detail = null, hint = null } = error;
    return { status: statusOf(code, role), body: { code, message, details: detail, hint } };
  }
}

async function claimsOf({ headers }: IncomingMessage, keys: Keys): Promise<JWTPayload | undefined> {
  const [, token] = /^Bearer (.+)$/.exec(headers.authorization ?? "") ?? [];
  if (token === undefined) return undefined;
  try {
    const key = keys.get(decodeProtectedHeader(token).kid ?? "");
    if (key === undefined) throw new Error("no key of this id");
    return (await jwtVerify(token, key, { algorithms: ["HS256"] })).payload;
  } catch (error) {
    const expired = Reflect.get(Object(error), "code") === "ERR_JWT_EXPIRED";
    throw expired
      ? new Refused(401, "PGRST303", "JWT expired")
      : new Refused(401, "PGRST301", "No suitable key or wrong key type");
  }
}

async function run(
  request: IncomingMessage,
  body: string,
  role: string,
  claims: JWTPayload | undefined,
  pool: pg.Pool,
): Promise<Answer> {
  const { method = "GET", url = "/" } = request;
  const { pathname, searchParams } = new URL(url.replace(/^\/rest\/v1/, ""), "http://stand-in");
  const prefer = String(request.headers.prefer ?? "");
  const statement = statementFor(method, pathname.slice(1), searchParams, body, prefer);
  const session = await pool.connect();
  try {
    await session.query(method === "GET" || method === "HEAD" ? "BEGIN READ ONLY" : "BEGIN");
    await session.query(
      `SELECT set_config('search_path', 'public', true), set_config('role', $1, true),
         set_config('request.jwt.claims', $2, true), set_config('request.method', $3, true)`,
      [role, JSON.stringify(claims ?? { role }), method],
    );
    const { rows, rowCount } = await session.query(statement.sql, statement.values);
    const counted = statement.count && (await session.query(statement.count.sql, statement.count.values));
    const answered = answerOf(request, method, statement, rows, rowCount ?? 0, {
      total: counted ? Number(counted.rows[0]?.count) : undefined,
      offset: Number(searchParams.get("offset") ?? 0),
    });
    await session.query("COMMIT");
    return answered;
  } catch (error) {
    await session.query("ROLLBACK");
    throw error;
  } finally {
    session.release();
  }
}

function answerOf(
  { headers }: IncomingMessage,
  method: string,
  { representation, oneRow = false }: Statement,
  rows: readonly unknown[],
  changed: number,
  { total, offset }: { readonly total: number | undefined; readonly offset: number },
): Answer {
  const single = oneRow || String(headers.accept).includes("application/vnd.pgrst.object+json");
  if (single && rows.length !== 1)
    throw new Refused(
      406,
      "PGRST116",
      "Cannot coerce the result to a single JSON object",
      `The result contains ${rows.length} rows`,
    );
  const range = rows.length === 0 ? "*" : `${offset}-${offset + rows.length - 1}`;
  const status =
    method === "POST" && !oneRow && changed > 0 ? 201 : representation || method === "GET" ? 200 : 204;
  return {
    status,
    ...(representation && { body: single ? rows[0] : rows }),
    headers: { "content-range": `${range}/${total ?? "*"}` },
  };
}

/** PostgREST's table of error codes, as far as the CRM can raise them. */
function statusOf(code: string, role: string): number {
  if (code === "42501") return role === "anon" ? 401 : 403;
  if (code === "23503" || code === "23505") return 409;
  if (code === "42883" || code === "42P01") return 404;
  if (code === "25006") return 405;
  return code.startsWith("23") || code.startsWith("22") || code.startsWith("42") || code === "P0001"
    ? 400
    : 500;
}
