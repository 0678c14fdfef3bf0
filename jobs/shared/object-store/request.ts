import { createHash, createHmac } from "node:crypto";
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { sha256Of } from "../digest";
import { onceLetIn } from "../kubernetes";
import { retry } from "../retry";
import { connectionError, isMissing, isPassing, refusal } from "./errors";
import type { ObjectStoreAddress } from "./setting";
import type { StoreRequest } from "./store-request";

/** A whole answer of the store. */
export interface StoreAnswer {
  readonly body: string;
  /** The object's ETag, in quotes; empty where the answer has none. */
  readonly etag: string;
  readonly headers: IncomingHttpHeaders;
}

/** How long requests wait over all attempts; patient requests wait longer than others. */
export interface Patience {
  /** In milliseconds: raising it rides out longer outages, but reports a permanent one later. */
  readonly ms: number;
  /** Called from time to time while a request waits, with the reason. */
  readonly onWait: (why: string) => void;
}

/**
 * A server that sends nothing for this long counts as lost. MinIO sends nothing at all where too few of its servers are
 * up.
 */
const SILENCE_MS = 60_000;

/** Each attempt gets at least this long, even when little of the total time is left. */
const LEAST_SILENCE_MS = 5_000;

/** The time limit of requests that are not patient, whatever the server does. */
const IMPATIENCE_MS = 30_000;

/**
 * After an outage of one of MinIO's servers, the store may not find what was written meanwhile: for seconds, and on a
 * busy machine for minutes. Long work waits for it within its patience.
 */
const MISSING_MS = 10_000;
const LONG_MISSING_MS = 180_000;

const ATTEMPTS = 6;

/** Sends signed requests (AWS signature version 4, path style) to one bucket. */
export class StoreConnection {
  readonly #agent: PlainAgent;
  readonly #request: typeof plainRequest;

  constructor(
    readonly address: ObjectStoreAddress,
    readonly signal?: AbortSignal,
    readonly patience?: Patience,
  ) {
    const secure = address.endpoint.startsWith("https:");
    this.#agent = secure ? new TlsAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
    this.#request = secure ? tlsRequest : plainRequest;
  }

  /** How long to wait for a request over all attempts. */
  waits({ patient }: Pick<StoreRequest, "patient">): number {
    const most = this.patience?.ms ?? IMPATIENCE_MS;
    return patient ? most : Math.min(most, IMPATIENCE_MS);
  }

  /** Retries until a request succeeds, and streams the answer. */
  open(wanted: StoreRequest): Promise<AsyncGenerator<Buffer>> {
    return this.#persist(wanted, async (silence) =>
      withoutSilence(await this.#once(wanted, silence), silence),
    );
  }

  /** Retries until a request succeeds, and returns the whole answer. */
  send(wanted: StoreRequest): Promise<StoreAnswer> {
    return this.#persist(wanted, async (silence) => {
      const response = await this.#once(wanted, silence);
      const body = await read(withoutSilence(response, silence)).catch((error: unknown) => this.lost(error));
      return { body: body.toString("utf8"), etag: response.headers.etag ?? "", headers: response.headers };
    });
  }

  /**
   * Throws for a broken connection: the stop if one was requested, otherwise a certificate error or a fault that may
   * pass.
   */
  lost(error: unknown): never {
    this.signal?.throwIfAborted();
    throw connectionError(this.address, error);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Passes each attempt the silence after which it ends. */
  #persist<T>(wanted: StoreRequest, action: (silence: number) => Promise<T>): Promise<T> {
    const patience = wanted.patient ? this.patience : undefined;
    const begin = performance.now();
    const end = begin + this.waits(wanted);
    const missing = patience ? LONG_MISSING_MS : MISSING_MS;
    const mayAppear = (error: unknown) =>
      wanted.promised === true && isMissing(error) && performance.now() < begin + missing;
    const silence = () => Math.min(SILENCE_MS, Math.max(LEAST_SILENCE_MS, end - performance.now()));
    return retry(() => onceLetIn(() => action(silence()), this.signal), {
      attempts: patience ? Number.POSITIVE_INFINITY : ATTEMPTS,
      firstDelayMs: 200,
      longestDelayMs: 5_000,
      ...(this.signal ? { signal: this.signal } : {}),
      retryable: (error) => (isPassing(error) || mayAppear(error)) && performance.now() < end,
      onRetry: (error, attempt) => {
        if (attempt % ATTEMPTS === 0) patience?.onWait(String(error));
        return undefined;
      },
    });
  }

  async #once(wanted: StoreRequest, silence: number): Promise<IncomingMessage> {
    const url = target(this.address, wanted);
    const body = wanted.body ?? Buffer.alloc(0);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = this.#request(url, {
        method: wanted.method,
        agent: this.#agent,
        headers: {
          ...sign(this.address, wanted, url, body),
          ...(wanted.method === "PUT" ? { "content-md5": md5Of(body) } : {}),
          "content-length": body.length,
          ...(wanted.from ? { range: `bytes=${wanted.from}-` } : {}),
        },
        timeout: silence,
        ...(this.signal ? { signal: this.signal } : {}),
      });
      request.once("timeout", () => request.destroy(new Silence("no answer", silence)));
      request.once("error", reject).end(body);
      request.once("response", (answer) => {
        request.setTimeout(0); // from here on, the reader limits the silence
        resolve(answer);
      });
    }).catch((error: unknown) => this.lost(error));
    if ((response.statusCode ?? 500) < 300) return response;
    const said = (await read(withoutSilence(response, silence)).catch(() => Buffer.alloc(0))).toString(
      "utf8",
    );
    throw refusal(this.address, wanted, response.statusCode ?? 500, said, response.headers.date);
  }
}

function target({ endpoint, bucket }: ObjectStoreAddress, { key, query = {} }: StoreRequest): URL {
  const path = key === undefined ? bucket : `${bucket}/${key.split("/").map(percentEncode).join("/")}`;
  const search = Object.entries(query)
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .sort()
    .join("&");
  return new URL(`${endpoint.replace(/\/$/, "")}/${path}${search ? `?${search}` : ""}`);
}

function sign(
  { region, accessKey, secretKey }: ObjectStoreAddress,
  { method, headers: further = {} }: Pick<StoreRequest, "method" | "headers">,
  url: URL,
  body: Buffer,
): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const digest = sha256Of(body);
  // S3 refuses x-amz headers that are not signed, and compares them in alphabetical order.
  const headers: Record<string, string> = Object.fromEntries(
    Object.entries({
      host: url.host,
      "x-amz-content-sha256": digest,
      "x-amz-date": time,
      ...further,
    }).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value.trim()}`);
  const canonical = [method, url.pathname, url.search.slice(1), ...lines, "", names, digest].join("\n");
  const scope = [time.slice(0, 8), region, "s3", "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256Of(canonical)].join("\n");
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${secretKey}`);
  const credential = `${accessKey}/${scope.join("/")}`;
  const signature = hmac(key, text).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** As the signature requires: all but the unreserved characters of RFC 3986. */
const percentEncode = (part: string) =>
  encodeURIComponent(part).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

/** A bucket with object lock refuses an upload without it; all stores compare it with what arrived. */
const md5Of = (body: Buffer) => createHash("md5").update(body).digest("base64");

const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();

class Silence extends Error {
  constructor(what: string, ms: number) {
    super(`${what} for ${Math.round(ms / 1000)} s; too few of its servers or drives may be online`);
  }
}

/** Counts silence only while the reader waits: the reader itself may take any time, as a restoring database does. */
async function* withoutSilence(response: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  const silent = () => response.destroy(new Silence("nothing came", limit));
  // Safe: no encoding is set, so the chunks are buffers.
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const timer = setTimeout(silent, limit);
      const next = await chunks.next().finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    response.destroy();
  }
}

async function read(content: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
