import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import { createInterface } from "node:readline";
import { z } from "zod";

/** Access to etcd. The files are read again for each connection, because certificates are renewed in place. */
export interface EtcdAccess {
  /** URLs of the members, as https://host:2379. One is used at a time. */
  readonly endpoints: readonly string[];
  /** File with the CA certificate of the members. */
  readonly authority: string;
  /** File with a client certificate without a common name: the gateway refuses certificates with one. */
  readonly certificate: string;
  /** File with the private key of the client certificate. */
  readonly key: string;
  /** The user whose token authorizes the calls. */
  readonly user: string;
  /** Absent where etcd has no users: the certificate alone then gives full access. */
  readonly password?: string | undefined;
}

/** etcd answered with an error. */
class EtcdRefusal extends Error {
  override readonly name = "EtcdRefusal";
  constructor(
    method: string,
    readonly code: number | undefined,
    reason: string,
  ) {
    super(`etcd refuses ${method}: ${reason}`);
  }
}

interface WatchRequest {
  readonly key: string;
  readonly end: string;
  readonly startRevision: number;
  readonly signal: AbortSignal;
  readonly onMessage: (message: Record<string, unknown>) => void;
}

/** The limit for each call: a member that hangs is replaced by the next. */
const TIMEOUT_MS = 3_000;

/** gRPC's code for an unknown or expired token. */
const UNAUTHENTICATED = 16;

/**
 * etcd's JSON gateway, through one endpoint at a time, with a token from name and password. etcd drops tokens after
 * minutes without use, at a restart, and when users change; then each call requests a new one, once.
 */
export class EtcdGateway {
  readonly #access: EtcdAccess;
  #position = 0;
  #token: string | undefined;
  #connection: { readonly material: string; readonly agent: Agent } | undefined;

  constructor(access: EtcdAccess) {
    this.#access = access;
  }

  get endpoint(): string {
    const { endpoints } = this.#access;
    return endpoints[this.#position % endpoints.length] ?? "";
  }

  /** Switches to the next endpoint; a token is valid on all of them. */
  moveOn(): void {
    this.#position++;
  }

  async call(method: string, fields: object, signal?: AbortSignal): Promise<Record<string, unknown>> {
    return this.#authenticated(async () => {
      const response = await this.#post(method, fields, signal);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const answer = objectOf(Buffer.concat(chunks).toString());
      if (response.statusCode !== 200) throw refusal(method, answer);
      return answer;
    });
  }

  /** Passes on each message of a watch until the watch is aborted or the connection ends, which is always an error. */
  async watch({ key, end, startRevision, signal, onMessage }: WatchRequest): Promise<never> {
    return this.#authenticated(async () => {
      const create_request = {
        ...range(key, end),
        start_revision: String(startRevision),
        progress_notify: true,
      };
      const response = await this.#post("watch", { create_request }, signal);
      response.setTimeout(0);
      for await (const line of createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY })) {
        if (line.trim() === "") continue;
        const message = objectOf(line);
        if (message.error || response.statusCode !== 200) throw refusal("watch", message);
        // Safe: a message without an error is an object with a result.
        onMessage((message.result ?? {}) as Record<string, unknown>);
      }
      signal.throwIfAborted();
      throw new Error(`${this.endpoint} has ended the watch`);
    });
  }

  close(): void {
    this.#connection?.agent.destroy();
  }

  async #authenticated<T>(action: () => Promise<T>): Promise<T> {
    const { user: name, password } = this.#access;
    if (password === undefined) return action();
    this.#token ??= await this.#logIn(name, password);
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof EtcdRefusal) || !isAboutToken(error)) throw error;
      this.#token = await this.#logIn(name, password);
      return action();
    }
  }

  async #logIn(name: string, password: string): Promise<string> {
    this.#token = undefined;
    const response = await this.#post("auth/authenticate", { name, password });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const answer = objectOf(Buffer.concat(chunks).toString());
    const { token } = z.object({ token: z.string().optional() }).parse(answer);
    if (!token) throw refusal("auth/authenticate", answer);
    return token;
  }

  #post(method: string, fields: object, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(`/v3/${method}`, this.endpoint),
        {
          method: "POST",
          agent: this.#agent(),
          timeout: TIMEOUT_MS,
          headers: { "content-type": "application/json", ...(this.#token && { authorization: this.#token }) },
          ...(signal && { signal }),
        },
        resolve,
      );
      call.once("socket", (socket) => socket.setKeepAlive(true, TIMEOUT_MS).setNoDelay(true));
      call.once("timeout", () =>
        call.destroy(new Error(`${this.endpoint} has not answered within ${TIMEOUT_MS / 1000} s`)),
      );
      call.once("error", reject);
      call.end(JSON.stringify(fields));
    });
  }

  #agent(): Agent {
    const [ca, cert, key] = [this.#access.authority, this.#access.certificate, this.#access.key].map((path) =>
      readFileSync(path, "utf8"),
    );
    const material = `${ca}${cert}${key}`;
    if (this.#connection?.material !== material) {
      this.#connection = {
        material,
        agent: new Agent({ keepAlive: true, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }),
      };
    }
    return this.#connection.agent;
  }
}

export const base64 = (text: string) => Buffer.from(text).toString("base64");
export const fromBase64 = (text: string) => Buffer.from(text, "base64").toString();

export const range = (key: string, end: string) => ({ key: base64(key), range_end: base64(end) });

/** The first key after all keys with the prefix. */
export function endOfPrefix(prefix: string): string {
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)}`;
}

/** etcd reports "revision of auth store is old" as an invalid argument, like many other errors. */
function isAboutToken(error: EtcdRefusal): boolean {
  return error.code === UNAUTHENTICATED || /auth store is old|user name is empty/.test(error.message);
}

function refusal(method: string, answer: Record<string, unknown>): EtcdRefusal {
  const { code, grpc_code, message, error } = z
    .looseObject({
      code: z.number().optional(),
      grpc_code: z.number().optional(),
      message: z.string().optional(),
      error: z.string().optional(),
    })
    .catch({})
    // A stream wraps its error once more.
    .parse(typeof answer.error === "object" ? answer.error : answer);
  return new EtcdRefusal(method, code ?? grpc_code, message ?? error ?? "it does not say why");
}

/** The gateway rejects an unacceptable certificate with plain text instead of JSON. */
function objectOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.trim() };
  }
}
