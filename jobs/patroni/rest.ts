import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { isIP } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { JobError, onceLetIn, reason } from "../shared";

/** Access to the REST API of any member; reading needs no user. */
export interface PatroniAccess {
  /** URL of any member: https://postgres.postgres.svc:8008 */
  readonly url: string;
  /** File with the CA certificate of the members. */
  readonly authority: string;
  /** User for changes. @default none: only reads are possible */
  readonly user?: string;
  /** Password for changes. @default none: only reads are possible */
  readonly password?: string;
}

export type ClusterMember = z.output<typeof member>;
export type Cluster = z.output<typeof cluster>;

const bytes = z.union([z.int(), z.literal("unknown")]).optional();

const member = z.looseObject({
  name: z.string(),
  role: z.string(),
  state: z.string(),
  api_url: z.string().optional(),
  host: z.string().optional(),
  port: z.int().optional(),
  timeline: z.int().optional(),
  lag: bytes,
  receive_lag: bytes,
  replay_lag: bytes,
  pending_restart: z.boolean().optional(),
});

/** Patroni's own default is 10. */
const loop = z.looseObject({ loop_wait: z.number().default(10) });

const cluster = z.looseObject({ members: z.array(member), pause: z.boolean().optional() });

/** Reads return at once; a switchover returns when it is over, for which Patroni itself waits 20 s. */
const TIMEOUT_MS = 10_000;
const SWITCHOVER_TIMEOUT_MS = 60_000;
/** A shutdown writes a checkpoint first, which takes minutes on a busy leader. */
const RESTART_TIMEOUT_MS = 600_000;

/** Patroni's REST API. Every change needs the user and the password. */
export class Patroni {
  readonly #access: PatroniAccess;
  readonly #agent: Agent;

  constructor(access: PatroniAccess) {
    this.#access = access;
    this.#agent = new Agent({ ca: readFileSync(access.authority, "utf8") });
  }

  async cluster(signal?: AbortSignal): Promise<Cluster> {
    const { status, body } = await this.#request("GET", this.#access.url, "/cluster", { signal });
    if (status !== 200) throw refusal("the state of the cluster", status, body);
    return cluster.parse(JSON.parse(body));
  }

  /**
   * Returns whether anything had to be changed. A null deletes a key, as everywhere in Patroni. With `complete`,
   * parameters of PostgreSQL that are not wanted are deleted too.
   */
  async bringConfigurationTo(
    given: Record<string, z.core.util.JSONType>,
    signal?: AbortSignal,
    { complete = false } = {},
  ): Promise<boolean> {
    const { status, body } = await this.#request("GET", this.#access.url, "/config", { signal });
    if (status !== 200) throw refusal("the configuration", status, body);
    const has: unknown = JSON.parse(body);
    const wanted = complete ? withoutFurtherParameters(given, has) : given;
    if (holds(has, wanted)) return false;
    const answer = await this.#request("PATCH", this.#access.url, "/config", { signal, content: wanted });
    if (answer.status !== 200) throw refusal("the change of the configuration", answer.status, answer.body);
    return true;
  }

  /** Seconds between two looks of a member at the cluster's state and configuration. */
  async loopSeconds(signal?: AbortSignal): Promise<number> {
    const { status, body } = await this.#request("GET", this.#access.url, "/config", { signal });
    if (status !== 200) throw refusal("the configuration", status, body);
    return loop.parse(JSON.parse(body)).loop_wait;
  }

  /** Restarts PostgreSQL of a member that waits for it; returns when it is up again. */
  async restart({ name, api_url }: ClusterMember, signal?: AbortSignal): Promise<void> {
    if (!api_url) throw new JobError(`${name} does not say where its REST API is`);
    const { status, body } = await this.#request("POST", new URL(api_url).origin, "/restart", {
      signal,
      content: { restart_pending: true },
      timeoutMs: RESTART_TIMEOUT_MS,
    });
    if (status !== 200) throw refusal(`the restart of ${name}`, status, body);
  }

  /** Moves the leader role to the given member or to the best one; returns Patroni's message. */
  async switchover(leader: string, candidate: string | undefined, signal?: AbortSignal): Promise<string> {
    const { status, body } = await this.#request("POST", this.#access.url, "/switchover", {
      signal,
      content: { leader, ...(candidate !== undefined && { candidate }) },
      timeoutMs: SWITCHOVER_TIMEOUT_MS,
    });
    if (status !== 200) throw refusal("the switchover", status, body);
    return body.trim();
  }

  /** Makes a member copy everything from the leader again; the request must go to that member. */
  async reinitialize({ name, api_url }: ClusterMember, signal?: AbortSignal): Promise<void> {
    if (!api_url) throw new JobError(`${name} does not say where its REST API is`);
    const { status, body } = await this.#request("POST", new URL(api_url).origin, "/reinitialize", {
      signal,
      content: { force: true },
    });
    if (status !== 200) throw refusal(`the reinitialization of ${name}`, status, body);
  }

  /**
   * Every member is verified by the name in our URL: members announce addresses, which no certificate contains, and all
   * present the same certificate.
   */
  #verifiedName(): { servername: string } | undefined {
    const { hostname } = new URL(this.#access.url);
    return isIP(hostname) ? undefined : { servername: hostname };
  }

  #request(method: string, server: string, path: string, wanted: Wanted): Promise<Answer> {
    return onceLetIn(() => this.#once(method, server, path, wanted), wanted.signal);
  }

  #once(
    method: string,
    server: string,
    path: string,
    { content, signal, timeoutMs = TIMEOUT_MS }: Wanted,
  ): Promise<Answer> {
    const { user, password } = this.#access;
    return new Promise((resolve, reject) => {
      const unreachable = (error: Error) =>
        reject(new JobError(`Patroni at ${server} cannot be asked: ${reason(error)}`, 1, { cause: error }));
      const call = request(
        new URL(path, server),
        {
          method,
          agent: this.#agent,
          ...this.#verifiedName(),
          timeout: timeoutMs,
          ...(user !== undefined && { auth: `${user}:${password ?? ""}` }),
          headers: { "content-type": "application/json" },
          ...(signal && { signal }),
        },
        async (response) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer);
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          } catch (error) {
            unreachable(error as Error);
          }
        },
      );
      call.once("timeout", () => call.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
      call.once("error", unreachable);
      call.end(content && JSON.stringify(content));
    });
  }
}

interface Wanted {
  readonly content?: object;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Whether a configuration already contains all wanted values. */
function holds(has: unknown, wanted: unknown): boolean {
  if (wanted === null) return has === undefined;
  if (!isRecord(wanted)) return isDeepStrictEqual(has, wanted);
  return Object.entries(wanted).every(([key, value]) => holds(isRecord(has) ? has[key] : undefined, value));
}

/** The wanted configuration, with a null for each parameter that is set now and not wanted. */
function withoutFurtherParameters(
  wanted: Record<string, z.core.util.JSONType>,
  has: unknown,
): Record<string, z.core.util.JSONType> {
  const postgresql = wanted.postgresql;
  const parameters = isRecord(postgresql) ? postgresql.parameters : undefined;
  if (!isRecord(postgresql) || !isRecord(parameters)) return wanted;
  const before = isRecord(has) && isRecord(has.postgresql) ? has.postgresql.parameters : undefined;
  const gone = isRecord(before) ? Object.keys(before).filter((name) => !(name in parameters)) : [];
  const nothing = Object.fromEntries(gone.map((name) => [name, null]));
  return { ...wanted, postgresql: { ...postgresql, parameters: { ...parameters, ...nothing } } };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const refusal = (what: string, status: number, body: string) =>
  new JobError(
    `Patroni refuses ${what} (${status}): ${status === 401 ? "the user or the password is wrong" : body.trim() || "it does not say why"}`,
  );
