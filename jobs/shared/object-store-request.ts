import { createHash, createHmac } from "node:crypto";
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { connectionError, isPassing, refusal } from "./object-store-errors";
import type { ObjectStoreAddress } from "./object-store-setting";
import { retry } from "./retry";

export interface StoreRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** Without a key the request is about the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Further headers, which the signature leaves out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Begins to read the object at this byte. */
  readonly from?: number;
  /** Whether a long piece of work depends on it: then it waits for the storage as long as the connection may. */
  readonly patient?: boolean;
}

/** How patient requests wait; without it they wait no longer than others. */
export interface Patience {
  readonly ms: number;
  /** Told from time to time that they wait, and why. */
  readonly onWait: (why: string) => void;
}

/** A server that says nothing for this long is taken for lost. */
const SILENCE_MS = 60_000;

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

  /** Sends until it is answered with success, and hands out the answer as it comes in. */
  open(wanted: StoreRequest): Promise<IncomingMessage> {
    return this.#persist(wanted, () => this.#once(wanted));
  }

  /** The same, until the whole answer is here. */
  send(wanted: StoreRequest): Promise<{ readonly body: string; readonly etag: string }> {
    return this.#persist(wanted, async () => {
      const response = await this.#once(wanted);
      const body = await read(response).catch((error: unknown) => this.lost(error));
      return { body: body.toString("utf8"), etag: response.headers.etag ?? "" };
    });
  }

  /** Whatever broke the connection: a stop that was asked for, a certificate, or a fault that may pass. */
  lost(error: unknown): never {
    this.signal?.throwIfAborted();
    throw connectionError(this.address, error);
  }

  close(): void {
    this.#agent.destroy();
  }

  #persist<T>(wanted: StoreRequest, action: () => Promise<T>): Promise<T> {
    const patience = wanted.patient ? this.patience : undefined;
    const end = performance.now() + (patience?.ms ?? 0);
    return retry(action, {
      attempts: patience ? Number.POSITIVE_INFINITY : ATTEMPTS,
      firstDelayMs: 200,
      longestDelayMs: 5_000,
      ...(this.signal ? { signal: this.signal } : {}),
      retryable: (error) => isPassing(error) && (!patience || performance.now() < end),
      onRetry: (error, attempt) => {
        if (attempt % ATTEMPTS === 0) patience?.onWait(String(error));
        return undefined;
      },
    });
  }

  async #once(wanted: StoreRequest): Promise<IncomingMessage> {
    const url = target(this.address, wanted);
    const body = wanted.body ?? Buffer.alloc(0);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = this.#request(url, {
        method: wanted.method,
        agent: this.#agent,
        headers: {
          ...sign(this.address, wanted.method, url, body),
          ...wanted.headers,
          "content-length": body.length,
          ...(wanted.from ? { range: `bytes=${wanted.from}-` } : {}),
        },
        timeout: SILENCE_MS,
        ...(this.signal ? { signal: this.signal } : {}),
      });
      request.once("timeout", () => request.destroy(new Error(`no answer for ${SILENCE_MS / 1000} s`)));
      request.once("error", reject).end(body);
      request.once("response", (answer) => {
        request.setTimeout(0); // whoever reads may take any time: a database that restores does
        resolve(answer);
      });
    }).catch((error: unknown) => this.lost(error));
    if ((response.statusCode ?? 500) < 300) return response;
    const said = (await read(response).catch(() => Buffer.alloc(0))).toString("utf8");
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
  method: string,
  url: URL,
  body: Buffer,
): Record<string, string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const digest = sha256(body);
  const headers = { host: url.host, "x-amz-content-sha256": digest, "x-amz-date": time };
  const names = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}`);
  const canonical = [method, url.pathname, url.search.slice(1), ...lines, "", names, digest].join("\n");
  const scope = [time.slice(0, 8), region, "s3", "aws4_request"];
  const text = ["AWS4-HMAC-SHA256", time, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<Buffer | string>((secret, part) => hmac(secret, part), `AWS4${secretKey}`);
  const credential = `${accessKey}/${scope.join("/")}`;
  const signature = hmac(key, text).toString("hex");
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

/** As the signature demands: all but the unreserved characters of RFC 3986. */
const percentEncode = (part: string) =>
  encodeURIComponent(part).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`);

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const hmac = (key: Buffer | string, text: string) => createHmac("sha256", key).update(text).digest();

async function read(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer); // no encoding is set, so these are buffers
  return Buffer.concat(chunks);
}
