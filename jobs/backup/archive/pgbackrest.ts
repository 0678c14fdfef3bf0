import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { JobError, type Logger } from "../../shared";

export interface PgBackRestArgs {
  /** Name of the cluster in the repositories. */
  readonly stanza: string;
  /** Receives pgBackRest's messages. */
  readonly log: Logger;
  /** Stops pgBackRest with SIGTERM when it is aborted. */
  readonly signal: AbortSignal;
}

/**
 * Runs pgBackRest and returns its output. pgBackRest is configured by its file and by the PGBACKREST_ variables, which
 * are the only variables that it receives. A failure is a JobError that says what to do.
 */
export async function pgbackrest(
  { stanza, log, signal }: PgBackRestArgs,
  command: string,
  options: readonly string[] = [],
  words: readonly string[] = [],
): Promise<string> {
  const quiet = ["info", "repo-ls", "verify"].includes(command);
  const child = spawn(
    "pgbackrest",
    [
      `--stanza=${stanza}`,
      `--log-level-console=${quiet ? "off" : "info"}`,
      "--log-level-stderr=error",
      ...options,
      command,
      ...words,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: environment() },
  );
  const stop = () => child.kill("SIGTERM"); // pgBackRest releases its locks and ends PostgreSQL's backup mode
  signal.addEventListener("abort", stop, { once: true });
  let answer = "";
  let complaint = "";
  const warnings: string[] = [];
  if (quiet) child.stdout.on("data", (text) => (answer += text));
  else createInterface(child.stdout).on("line", (line) => tell(log, line, warnings));
  child.stderr.on("data", (text) => {
    complaint = `${complaint}${text}`.slice(-8_000);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    if (signal.aborted) throw signal.reason;
    if (code === 0) return answer;
    throw new PgBackRestError(command, code ?? -1, complaint.trim(), warnings);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new JobError("there is no pgbackrest on the PATH; it is in the image of PostgreSQL's members");
    }
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** pgBackRest's exit code for what it cannot decrypt. */
export const CRYPTO_ERROR = 95;

/** A failure, with pgBackRest's exit code. */
export class PgBackRestError extends JobError {
  constructor(
    command: string,
    readonly code: number,
    complaint: string,
    /** Warnings before the failure: where no member is reachable, only these give the reason. */
    warnings: readonly string[] = [],
  ) {
    const before = warnings.length > 0 ? ` (before: ${warnings.slice(-3).join("; ")})` : "";
    super(`pgbackrest ${command} failed: ${explain(complaint) ?? essence(complaint) + before}`);
  }
}

/** What a user can do about repository failures, by the text of pgBackRest's message. */
const EXPLANATIONS: readonly (readonly [RegExp, string])[] = [
  [
    /NoSuchBucket/,
    "the bucket does not exist; make it, or correct its name in the settings of the object storage",
  ],
  [
    /InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied/,
    "the object storage refuses the keys; compare PGBACKREST_REPO*_S3_KEY and _S3_KEY_SECRET with those of its user",
  ],
  [
    /CryptoError|FormatError|unable to flush|is or was the repo encrypted|bad decrypt/,
    "the repository cannot be decrypted; its passphrase (PGBACKREST_REPO*_CIPHER_PASS) is another one than when it was made, or a file is damaged",
  ],
  [
    /unable to verify|certificate verify failed|unable to find hostname|self.signed certificate/,
    "the certificate of the object storage is not of the authority that the configuration names",
  ],
  [
    /HostConnectError|unable to get address|unable to connect|timeout connecting/,
    "the object storage or a member does not answer",
  ],
];

function explain(complaint: string): string | undefined {
  const found = EXPLANATIONS.find(([sign]) => sign.test(complaint));
  return found && `${found[1]} (${firstError(complaint)})`;
}

function essence(complaint: string): string {
  return complaint.replaceAll(/^.*?ERROR: /gm, "") || "it gave no reason";
}

function firstError(complaint: string): string {
  const line =
    complaint.split("\n").find((each) => each.includes("ERROR:")) ?? complaint.split("\n")[0] ?? "";
  return line.replace(/^.*ERROR: /, "").trim();
}

function tell(log: Logger, line: string, warnings: string[]): void {
  const [, level, text] = /(?:P\d+\s+)?(INFO|WARN|ERROR|DETAIL): (.*)$/.exec(line) ?? [];
  if (!text) return;
  if (level === "WARN") {
    warnings.push(text);
    log.warn({}, text);
  } else log.info({}, text);
}

function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith("PGBACKREST_"));
  return { PATH: process.env.PATH, HOME: process.env.HOME, TZ: "UTC", ...Object.fromEntries(own) };
}
