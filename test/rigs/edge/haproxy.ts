import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { program } from "../programs";
import { eventually } from "../waiting";

export interface RunningHaproxy {
  readonly pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Asks its runtime API. */
  ask(command: string): Promise<string>;
  stop(): Promise<void>;
}

/** A folder for one HAProxy: its configuration, the files beside it, and its runtime socket. */
export function haproxyFolder(files: Readonly<Record<string, string>> = {}): {
  readonly path: string;
  remove(): void;
} {
  const path = mkdtempSync(join(tmpdir(), "trellis-haproxy-"));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Starts the real HAProxy on a configuration whose runtime socket is `<folder>/admin.sock`, and waits until it answers there. */
export async function startHaproxy(folder: string, configuration: string): Promise<RunningHaproxy> {
  const file = join(folder, "haproxy.cfg");
  writeFileSync(file, configuration);
  const child = spawn(program("haproxy"), ["-db", "-f", file], { stdio: ["ignore", "pipe", "pipe"] });
  const endWithTheRun = () => child.kill("SIGKILL");
  process.once("exit", endWithTheRun);
  child.once("exit", () => process.off("exit", endWithTheRun));
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (log += chunk));
  const ask = (command: string) => askRuntime(join(folder, "admin.sock"), command);
  const answered = await eventually("haproxy answers, or has ended", 60_000, async () =>
    child.exitCode === null ? await ask("show info") : "ended",
  );
  if (answered === "ended") throw new Error(`haproxy ended with ${child.exitCode}:\n${log}`);
  return { pid: child.pid ?? 0, log: () => log, ask, stop: () => end(child) };
}

/** One session with a database behind HAProxy. */
export interface Session {
  /** The member that greeted it. */
  readonly member: string;
  /** Resolves with the time (`performance.now()`) at which it ended, whoever ended it. */
  readonly ended: Promise<number>;
  isOpen(): boolean;
  close(): void;
}

/** Opens a session and waits for its greeting; undefined where it is refused, cut, or not greeted in time. */
export function openSession(host: string, port: number, patienceMs = 10_000): Promise<Session | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const patience = setTimeout(() => socket.destroy(), patienceMs);
    let greeting = "";
    let open = true;
    const ended = new Promise<number>((done) =>
      socket.on("close", () => {
        clearTimeout(patience);
        open = false;
        resolve(undefined);
        done(performance.now());
      }),
    );
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (greeting.includes("\n")) return;
      greeting += chunk;
      if (!greeting.includes("\n")) return;
      clearTimeout(patience);
      resolve({
        member: greeting.split("\n", 1)[0] ?? "",
        ended,
        isOpen: () => open,
        close: () => socket.destroy(),
      });
    });
    // A client of PostgreSQL speaks first.
    socket.on("connect", () => socket.write("hello\n"));
  });
}

export interface Recovery {
  /** Seconds from the start of the watch until every session reached the right member; undefined: not in time. */
  readonly seconds: number | undefined;
  /** Sessions that reached each member meanwhile; those that reached none are under `none`. */
  readonly reached: Readonly<Record<string, number>>;
}

/** How long all sessions must have been right before the first of them counts as the end of an outage. */
const STEADY_MS = 1500;

/** A session that is not greeted for so long is as bad as none. */
const HANGING_MS = 500;

/** Opens a session every 20 ms, none waiting for another, and measures when all of them reach whom they should. */
export async function watchRecovery(
  host: string,
  port: number,
  isRight: (member: string) => boolean,
  limitMs = 30_000,
): Promise<Recovery> {
  const start = performance.now();
  const reached: Record<string, number> = {};
  const attempts: { readonly at: number; right: boolean | undefined }[] = [];
  while (performance.now() - start < limitMs) {
    const attempt: (typeof attempts)[number] = { at: performance.now(), right: undefined };
    attempts.push(attempt);
    void openSession(host, port, limitMs).then((session) => {
      session?.close();
      const member = session?.member ?? "none";
      reached[member] = (reached[member] ?? 0) + 1;
      attempt.right = session !== undefined && isRight(session.member);
    });
    await tick();
    const judged = attempts.filter(
      ({ at, right }) => right !== undefined || performance.now() - at > HANGING_MS,
    );
    const lastWrong = judged.findLastIndex(({ right }) => right !== true);
    const rightSince = judged[lastWrong + 1]?.at;
    if (rightSince !== undefined && performance.now() - rightSince > STEADY_MS) {
      return { seconds: (rightSince - start) / 1000, reached };
    }
  }
  return { seconds: undefined, reached };
}

export const tick = (ms = 20) => new Promise<void>((done) => setTimeout(done, ms));

function askRuntime(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let answer = "";
    socket.on("error", reject);
    socket.on("data", (chunk) => (answer += chunk));
    socket.on("close", () => resolve(answer));
    socket.on("connect", () => socket.write(`${command}\n`));
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}
