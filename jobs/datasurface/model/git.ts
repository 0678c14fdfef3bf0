import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { promisify } from "node:util";
import { JobError } from "../../shared";

export interface Repository {
  readonly url: string;
  readonly branch: string;
  /** Token for a private repository. Undefined: no login. */
  readonly token: string | undefined;
}

/** git failed because of the network, the server or the credentials; the next run may succeed. */
export class OutOfReach extends JobError {}

const GIT_TIMEOUT_MS = 120_000;

/** More than any output that is read here, a model's file included. */
const MOST_ANSWERED = 16 * 1024 * 1024;

const BRANCH = /^[A-Za-z0-9_][A-Za-z0-9._-]*(\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/;

/** `user@host:path`, ssh's short form. */
const SCP_ADDRESS = /^([A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:[^:-][^:]*$/;

const LOOPBACK = ["localhost", "127.0.0.1", "[::1]"];

/**
 * The only protocol by which a repository may be read, also after a redirect. Some protocols of git run a program
 * (`ext::`), and git takes an address or a branch that starts with a hyphen for an option.
 */
export function protocolOf({ url, branch }: Pick<Repository, "url" | "branch">): string {
  if (!BRANCH.test(branch) || branch.includes("..") || branch.endsWith(".lock")) {
    throw new JobError(
      `the model's branch: given ${JSON.stringify(branch)}, allowed: a branch, such as main`,
    );
  }
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//.exec(url) ?? [];
  if (scheme && URL.canParse(url)) {
    const { hostname } = new URL(url);
    if ((scheme === "https" || scheme === "ssh") && /^[A-Za-z0-9[]/.test(hostname)) return scheme;
    // to any other host the token would be sent unencrypted
    if (scheme === "http" && LOOPBACK.includes(hostname)) return scheme;
    if (scheme === "file" && hostname === "") return scheme;
  } else if (!url.includes("::")) {
    if (isAbsolute(url)) return "file";
    if (SCP_ADDRESS.test(url)) return "ssh";
  }
  throw new JobError(
    `the model's repository: given ${JSON.stringify(withoutLogin(url))}, ` +
      "allowed: https://..., ssh://..., user@host:path, or the absolute path of a folder",
  );
}

/**
 * Runs git on an untrusted repository: without this machine's settings, hooks or templates, without submodules, and
 * with one protocol only. The token is passed in the environment, because every user of the machine can read arguments.
 */
export async function git(repository: Repository, words: readonly string[]): Promise<Buffer> {
  const { token, url } = repository;
  const basic = token ? Buffer.from(`x-access-token:${token}`).toString("base64") : undefined;
  const settings = [
    ["core.hooksPath", "/dev/null"],
    ["core.symlinks", "false"],
    ["core.fsmonitor", "false"],
    ["submodule.recurse", "false"],
    ["fetch.recurseSubmodules", "false"],
    ["credential.helper", ""],
    ...(basic ? [["http.extraHeader", `Authorization: Basic ${basic}`]] : []),
  ];
  const environment = {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    LC_ALL: "C",
    GIT_ALLOW_PROTOCOL: protocolOf(repository),
    GIT_ATTR_NOSYSTEM: "1",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_SSH_COMMAND: "ssh -o BatchMode=yes",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([name, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, name],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
  try {
    const { stdout } = await promisify(execFile)("git", [...words], {
      encoding: "buffer",
      env: environment,
      maxBuffer: MOST_ANSWERED,
      timeout: GIT_TIMEOUT_MS,
    });
    return stdout;
  } catch (error) {
    const told =
      error !== null && typeof error === "object" && "stderr" in error ? String(error.stderr) : String(error);
    const secrets = [token, basic].filter((secret) => secret !== undefined && secret !== "") as string[];
    const masked = secrets.reduce((text, secret) => text.replaceAll(secret, "***"), `${url}: ${told.trim()}`);
    throw new OutOfReach(`the model's repository cannot be read: ${withoutLogin(masked)}`);
  }
}

const withoutLogin = (text: string) => text.replaceAll(/\/\/[^/@\s]*@/g, "//***@");
