import { createHash, createHmac } from "node:crypto";
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { ObjectStoreAddress } from "./object-store-setting";
import { retry } from "./retry";
import { UserError } from "./user-error";

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
}

/** What the server said where it refused. */
export class StoreError extends UserError {
  constructor(
    message: string,
    /** S3's own name of the error, such as NoSuchKey. */
    readonly code: string,
    options?: ErrorOptions & { readonly said?: string | undefined },
  ) {
    super(message, 1, options);
    this.said = options?.said;
  }

  /** The server's own words. */
  readonly said: string | undefined;
}

/** A server that says nothing for this long is taken for lost. */
const SILENCE_MS = 60_000;

const ATTEMPTS = 6;

/** Answers that are worth another attempt: the server is busy or restarts, or the way to it was cut. */
const PASSING = new Set([
  "SlowDown",
  // MinIO's own names for too few drives online.
  "SlowDownWrite",
  "SlowDownRead",
  "ServiceUnavailable",
  "InternalError",
  // MinIO again: it has not found its peers yet.
  "XMinioServerNotInitialized",
  "RequestTimeout",
  "connection",
]);

/** Sends signed requests (AWS signature version 4, path style) to one bucket. */
export class StoreConnection {
  readonly #agent: PlainAgent;
  readonly #request: typeof plainRequest;

  constructor(
    readonly address: ObjectStoreAddress,
    readonly signal?: AbortSignal,
  ) {
    const secure = address.endpoint.startsWith("https:");
    this.#agent = secure ? new TlsAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
    this.#request = secure ? tlsRequest : plainRequest;
  }

  /** Sends until it is answered with success, and hands out the answer as it comes in. */
  open(wanted: StoreRequest): Promise<IncomingMessage> {
    return this.#persist(() => this.#once(wanted));
  }

  /** The same, until the whole answer is here. */
  send(wanted: StoreRequest): Promise<{ readonly body: string; readonly etag: string }> {
    return this.#persist(async () => {
      const response = await this.#once(wanted);
      const body = await read(response).catch((error: unknown) => this.lost(error));
      return { body: body.toString("utf8"), etag: response.headers.etag ?? "" };
    });
  }

  /** Whatever broke the connection: a stop that was asked for, or a fault that may pass. */
  lost(error: unknown): never {
    this.signal?.throwIfAborted();
    const { endpoint } = this.address;
    throw new StoreError(
      `the object storage at ${endpoint} cannot be reached: ${reason(error)}`,
      "connection",
      { cause: error },
    );
  }

  close(): void {
    this.#agent.destroy();
  }

  #persist<T>(action: () => Promise<T>): Promise<T> {
    return retry(action, {
      attempts: ATTEMPTS,
      firstDelayMs: 200,
      longestDelayMs: 5_000,
      ...(this.signal ? { signal: this.signal } : {}),
      retryable: (error) => error instanceof StoreError && PASSING.has(error.code),
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
    throw refusal(this.address, wanted, response.statusCode ?? 500, (await read(response)).toString("utf8"));
  }
}

/** The text of the first element of this name in S3's answers, which are flat and know no attributes that matter. */
export function element(xml: string, name: string): string | undefined {
  const found = new RegExp(`<${name}(?: [^>]*)?>([^<]*)</${name}>`).exec(xml)?.[1];
  return found?.replace(/&(lt|gt|quot|apos|amp|#x?[0-9a-fA-F]+);/g, (_, entity: string) => character(entity));
}

/** The content of each element of this name. */
export const elements = (xml: string, name: string): string[] =>
  [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, "gs"))].map(([, content]) => content ?? "");

/** Says what is wrong and what to do, for what the server has refused. */
export function refusal(
  { endpoint, bucket, region }: ObjectStoreAddress,
  { method, key }: Pick<StoreRequest, "method" | "key">,
  status: number,
  answer: string,
): StoreError {
  const code = part(answer, "Code") ?? CODES_OF_BARE_ANSWERS[status] ?? String(status);
  const where = `the bucket ${bucket} at ${endpoint}`;
  const meaning: Record<string, string> = {
    NoSuchBucket: `${where} does not exist; create it, or name another in the settings`,
    NoSuchKey: `${where} holds no ${key}`,
    InvalidAccessKeyId: `${where} refuses the credentials: the access key is not known there`,
    SignatureDoesNotMatch: `${where} refuses the credentials: the secret key is wrong (or the region ${region} is)`,
    AccessDenied: `${where} denies ${method} ${key ?? "of the bucket"} to this access key; grant it in its policy`,
    RequestTimeTooSkewed: `${where} refuses the request: the clocks of the two machines differ by more than 15 minutes`,
    XMinioStorageFull: `${where} is full: prune backups or add drives`,
    SlowDown: `${where} is too busy, and stayed so`,
    SlowDownWrite: `${where} takes no writes: too few of its drives are online`,
    SlowDownRead: `${where} cannot be read: too few of its drives are online`,
  };
  const said = part(answer, "Message");
  return new StoreError(
    meaning[code] ??
      `${where} refused ${method} ${key ?? "of the bucket"}: ${code}${said ? `, ${said}` : ""}`,
    code,
    { said },
  );
}

/** S3 answers in XML; MinIO's own requests are answered in JSON, with the same names. */
function part(answer: string, name: "Code" | "Message"): string | undefined {
  return element(answer, name) ?? new RegExp(`"${name}":"([^"]*)"`).exec(answer)?.[1];
}

/** Answers to HEAD, and those of proxies, have no body. */
const CODES_OF_BARE_ANSWERS: Record<number, string> = {
  403: "AccessDenied",
  500: "InternalError",
  502: "ServiceUnavailable",
  503: "ServiceUnavailable",
  504: "ServiceUnavailable",
};

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

function character(entity: string): string {
  const named: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  const code = entity.startsWith("#x") ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1));
  return named[entity] ?? String.fromCodePoint(code);
}

function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join("; ");
  return error instanceof Error ? error.message : String(error);
}
