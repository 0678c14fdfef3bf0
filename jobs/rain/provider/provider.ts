import { setTimeout as wait } from "node:timers/promises";
import { type Context, retry, sha256Of, UserError } from "../../shared";
import type { Archive } from "./archive";
import type { DownloadMemory, Remembered } from "./memory";

export interface ProviderSettings {
  readonly baseUrl: string;
  readonly rateLimitSeconds: number;
  readonly downloadTimeoutSeconds: number;
  readonly downloadAttempts: number;
  readonly retryDelaySeconds: number;
}

/** The provider's answer: a file, or that there is none. Everything else is an error, for it says nothing of the file. */
export type Arrival =
  | { readonly kind: "file"; readonly name: string; readonly bytes: Uint8Array; readonly fetched: boolean }
  | { readonly kind: "absent"; readonly address: string };

/** The provider cannot be reached at all: there is no use in asking for the next file. */
export class ProviderUnreachable extends UserError {}

/** No file of the provider comes near this. */
const LARGEST_DOWNLOAD = 32 << 20;

/** A server that asks for more patience than this is better asked tomorrow. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

/** Statuses that a later attempt may change. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Nobody listens there, or the name is unknown. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/** Fetches the provider's files, slowly, again when something passing went wrong, and only when they have changed. */
export class Provider {
  private nextRequestAt = 0;

  constructor(
    private readonly settings: ProviderSettings,
    private readonly memory: DownloadMemory,
    private readonly archive: Archive | undefined,
    private readonly context: Pick<Context, "log" | "signal">,
  ) {}

  async fetch(path: string): Promise<Arrival> {
    const { baseUrl, downloadAttempts, retryDelaySeconds } = this.settings;
    const address = new URL(path, baseUrl.endsWith("/") ? baseUrl : `${baseUrl}/`).href;
    const { log, signal } = this.context;
    try {
      return await retry(() => this.request(address), {
        attempts: downloadAttempts,
        firstDelayMs: retryDelaySeconds * 1000,
        longestDelayMs: 60_000,
        signal,
        retryable: (error) => !(error instanceof PermanentFailure),
        onRetry: (error, attempt, delayMs) => {
          const asked = error instanceof PassingFailure ? error.retryAfterMs : undefined;
          log.warn(
            { address, attempt, delayMs: Math.max(delayMs, asked ?? 0) },
            `${address}: ${reasonOf(error)}; trying again`,
          );
          return asked;
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      const message = `${address} could not be fetched: ${reasonOf(error)}`;
      if (UNREACHABLE.has(codeOf(error) ?? "")) throw new ProviderUnreachable(message, 1, { cause: error });
      throw new UserError(message, 1, { cause: error });
    }
  }

  private async request(address: string): Promise<Arrival> {
    const name = decodeURIComponent(address.split("/").at(-1) ?? "file");
    const known = await this.known(address, name);
    await this.takeTurn();
    const timeout = AbortSignal.timeout(this.settings.downloadTimeoutSeconds * 1000);
    const response = await fetch(address, {
      headers: { "user-agent": "trellis-rain-import", ...(known && conditions(known.remembered)) },
      signal: AbortSignal.any([this.context.signal, timeout]),
    });
    const { status } = response;
    if (status === 304 && known) {
      await response.body?.cancel();
      await this.memory.remember(address, status);
      return { kind: "file", name, bytes: known.bytes, fetched: false };
    }
    if (status === 404 || status === 410) {
      await response.body?.cancel();
      await this.memory.remember(address, status);
      return { kind: "absent", address };
    }
    if (status !== 200) {
      await response.body?.cancel();
      const reason = `the server answers ${status} ${response.statusText}`.trim();
      throw PASSING.has(status)
        ? new PassingFailure(reason, retryAfter(response))
        : new PermanentFailure(reason);
    }
    const bytes = await readBody(response);
    const digest = sha256Of(bytes);
    await this.archive?.keep(name, digest, bytes);
    const { headers } = response;
    await this.memory.remember(address, status, {
      digest,
      etag: headers.get("etag"),
      lastModified: headers.get("last-modified"),
    });
    return { kind: "file", name, bytes, fetched: true };
  }

  /** What the archive still holds of an address: only then is "not modified" an answer that helps. */
  private async known(address: string, name: string) {
    if (!this.archive) return undefined;
    const remembered = await this.memory.recall(address);
    const bytes = remembered && (await this.archive.find(name, remembered.digest));
    return remembered && bytes ? { remembered, bytes } : undefined;
  }

  private async takeTurn(): Promise<void> {
    const now = performance.now();
    const turn = Math.max(now, this.nextRequestAt);
    this.nextRequestAt = turn + this.settings.rateLimitSeconds * 1000;
    await wait(turn - now, undefined, { signal: this.context.signal });
  }
}

class PermanentFailure extends Error {}

class PassingFailure extends Error {
  constructor(
    message: string,
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }
}

function conditions({ etag, lastModified }: Remembered): Record<string, string> {
  return {
    ...(etag && { "if-none-match": etag }),
    ...(lastModified && { "if-modified-since": lastModified }),
  };
}

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > LARGEST_DOWNLOAD)
      throw new PermanentFailure(`it is larger than ${LARGEST_DOWNLOAD >> 20} MiB`);
    chunks.push(chunk);
  }
  const announced = response.headers.get("content-length");
  if (announced !== null && !response.headers.has("content-encoding") && Number(announced) !== length) {
    throw new PassingFailure(`only ${length} of ${announced} bytes arrived`);
  }
  return Buffer.concat(chunks);
}

/** Seconds, or a date. */
function retryAfter(response: Response): number | undefined {
  const given = response.headers.get("retry-after");
  if (given === null) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS) : undefined;
}

/** The innermost reason: fetch wraps what the socket said. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "it took too long";
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || codeOf(error) || error.name;
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  return codeOf(error.cause);
}
