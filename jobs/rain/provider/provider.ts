import { setTimeout as wait } from "node:timers/promises";
import { type Context, JobError, retry, sha256Of } from "../../shared";
import type { Archive } from "./archive";
import { ArchiveUnavailable } from "./archive-bucket";
import type { DownloadMemory, Remembered } from "./memory";

export interface ProviderSettings {
  /** URL of the folder with the provider's files. */
  readonly baseUrl: string;
  /** Minimum seconds between two requests. Lowering it downloads faster and loads the provider more. */
  readonly rateLimitSeconds: number;
  /** Time limit of one download in seconds. */
  readonly downloadTimeoutSeconds: number;
  /** Attempts for one file, the first included. */
  readonly downloadAttempts: number;
  /** Upper bound of the first wait before a retry, in seconds; later bounds grow. */
  readonly retryDelaySeconds: number;
}

/** The provider's answer: a file, or that it does not exist. Everything else is an error, because it shows neither. */
export type Arrival =
  | { readonly kind: "file"; readonly name: string; readonly bytes: Uint8Array; readonly fetched: boolean }
  | { readonly kind: "absent"; readonly address: string };

/** The provider is unreachable: requests for further files would fail too. */
class ProviderUnreachable extends JobError {}

/** Whether an error would meet every further file too. */
export const endsTheImport = (error: unknown): boolean =>
  error instanceof ProviderUnreachable || error instanceof ArchiveUnavailable;

/** Far above the provider's largest file. */
const LARGEST_DOWNLOAD = 32 << 20;

/** Upper bound for a Retry-After: a server that needs more time is better asked the next day. */
const LONGEST_RETRY_AFTER_MS = 15 * 60_000;

/** HTTP statuses that are worth a retry. */
const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The connection is refused or has no route, or the name is unknown. */
const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

/**
 * Downloads the provider's files: rate-limited, with retries after transient errors, and only when they have changed.
 */
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
        retryable: (error) => !(error instanceof PermanentFailure || error instanceof ArchiveUnavailable),
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
      if (error instanceof ArchiveUnavailable) throw error;
      const message = `${address} could not be fetched: ${reasonOf(error)}`;
      if (UNREACHABLE.has(codeOf(error) ?? "")) throw new ProviderUnreachable(message, 1, { cause: error });
      throw new JobError(message, 1, { cause: error });
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

  /** What the archive still has for an address: only then is "not modified" useful. */
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

/** In milliseconds; the header has seconds or a date. */
function retryAfter(response: Response): number | undefined {
  const given = response.headers.get("retry-after");
  if (given === null) return undefined;
  const ms = /^\d+$/.test(given) ? Number(given) * 1000 : Date.parse(given) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS) : undefined;
}

/** The innermost reason: fetch wraps the socket's error. */
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
