import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { UserError } from "../../components/shared/user-error";
import { makeFolder } from "../shared/file-error";

/** The process that holds a folder. It sends `word` to every client of its port. */
interface Holder {
  readonly pid: number;
  readonly port: number;
  readonly word: string;
}

/** Long, because the holder's machine may be busy. A port without a holder refuses at once. */
const ANSWER_MS = 30_000;

/**
 * Locks a folder for this process until the returned function is called. A lock is valid while its port answers with
 * its word: a killed process no longer answers, and no other process has the same word.
 */
export async function holdFolder(folder: string): Promise<() => void> {
  makeFolder(folder, 0o700);
  const word = randomUUID();
  const door = createServer((socket) => socket.on("error", () => undefined).end(word));
  await new Promise<void>((listening) => door.listen(0, "127.0.0.1", listening));
  door.unref();
  const { port } = door.address() as AddressInfo; // a TCP server has a port
  const file = join(folder, "running");
  const own = join(folder, `running.${word}`);
  writeFileSync(own, JSON.stringify({ pid: process.pid, port, word } satisfies Holder));
  try {
    await claim(own, file);
  } catch (error) {
    door.close();
    throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return () => {
    if (read(file)?.word === word) rmSync(file, { force: true });
    door.close();
  };
}

/** Whether a process holds the folder now. */
export async function isHeld(folder: string): Promise<boolean> {
  const holder = read(join(folder, "running"));
  return holder !== undefined && (await answers(holder));
}

async function claim(own: string, file: string): Promise<void> {
  for (;;) {
    try {
      linkSync(own, file); // fails if the file exists, so only one of two processes gets it
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = read(file);
    if (holder && (await answers(holder))) {
      throw new UserError(
        `another npm start runs in this checkout (process ${holder.pid}): wait until it ends, or stop it with Ctrl-C`,
      );
    }
    takeAside(own, file, holder);
    await wait(20);
  }
}

/** Removes the lock file of a process that no longer answers, unless a new holder has replaced it meanwhile. */
function takeAside(own: string, file: string, judged: Holder | undefined): void {
  const aside = `${own}.stale`;
  try {
    renameSync(file, aside);
    if (read(aside)?.word !== judged?.word) linkSync(aside, file);
  } catch {
    // Another run was faster; the next attempt reads its file.
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function answers({ port, word }: Holder): Promise<boolean> {
  return new Promise((resolve) => {
    let said = "";
    const socket = connect({ port, host: "127.0.0.1", timeout: ANSWER_MS });
    const finish = () => {
      socket.destroy();
      resolve(said === word);
    };
    socket.on("data", (text) => (said += text)).on("close", finish);
    socket.on("error", finish).on("timeout", finish);
  });
}
