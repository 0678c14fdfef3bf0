import { JobError, reason } from "../command-line";
import type { ObjectStoreAddress } from "./setting";
import type { StoreRequest } from "./store-request";
import { element } from "./xml-element";

/** An error answer of the server, or the reason why a request did not reach it. */
export class StoreError extends JobError {
  constructor(
    message: string,
    /** S3's error code, such as NoSuchKey; "connection" or "certificate" where no server has answered. */
    readonly code: string,
    options?: ErrorOptions & { readonly said?: string | undefined; readonly status?: number },
  ) {
    super(message, 1, options);
    this.said = options?.said;
    this.status = options?.status ?? 0;
  }

  /** The server's message. */
  readonly said: string | undefined;
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;

  /** Whether the server answered; false where none, or no trusted one, was reached. */
  get isAnswer(): boolean {
    return this.status !== 0;
  }
}

/**
 * Errors that are worth a retry: the server is busy or restarting, too few of its drives are online, or the connection
 * was cut. Servers use different codes for these, but the status shows that the fault is theirs.
 */
export const isPassing = (error: unknown): boolean =>
  error instanceof StoreError &&
  (["connection", "RequestTimeout"].includes(error.code) ||
    (error.status >= 500 && ![501, 505, 507].includes(error.status)));

export const isMissing = (error: unknown): boolean =>
  error instanceof StoreError && error.code === "NoSuchKey";

/** The error for a request that broke before a server could answer. */
export function connectionError({ endpoint }: ObjectStoreAddress, error: unknown): StoreError {
  const where = `the object storage at ${endpoint}`;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return new StoreError(`${where} cannot be reached: ${reason(error)}`, "connection", { cause: error });
  }
  const remedy = /EXPIRED|NOT_YET_VALID/.test(code)
    ? "renew it, or set the clock of this machine"
    : /ALTNAME/.test(code)
      ? "name the storage as its certificate does"
      : "name the file of its authority in NODE_EXTRA_CA_CERTS";
  const message = `the certificate of ${where} is not trusted: ${reason(error)}; ${remedy}`;
  return new StoreError(message, "certificate", { cause: error });
}

/** The error for a refused request: what is wrong, and what to do. */
export function refusal(
  { endpoint, bucket, region }: ObjectStoreAddress,
  { method, key }: Pick<StoreRequest, "method" | "key">,
  status: number,
  answer: string,
  serverTime?: string,
): StoreError {
  const code = part(answer, "Code") ?? CODES_OF_BARE_ANSWERS[status] ?? String(status);
  const where = `the bucket ${bucket} at ${endpoint}`;
  const meaning: Record<string, string> = {
    NoSuchBucket: `${where} does not exist; create it, or name another in the settings`,
    NoSuchKey: `${where} holds no ${key}`,
    InvalidAccessKeyId: `${where} refuses the credentials: the access key is not known there`,
    SignatureDoesNotMatch: `${where} refuses the credentials: the secret key is wrong (or the region ${region} is)`,
    AccessDenied: `${where} denies ${method} ${key ?? "of the bucket"} to this access key; grant it in its policy`,
    RequestTimeTooSkewed: `${where} refuses the request: ${clocks(serverTime)}`,
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
    { said, status },
  );
}

function clocks(serverTime: string | undefined): string {
  const told = serverTime
    ? ` (here ${new Date().toISOString()}, there ${new Date(serverTime).toISOString()})`
    : "";
  return `the clocks of the two machines differ by more than 15 minutes${told}; set the one that is wrong, and keep it by NTP`;
}

/** S3 answers in XML; MinIO's admin API answers in JSON, with the same names. */
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
