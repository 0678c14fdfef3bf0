import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Board } from "./board";
import { LOGS } from "./folders";
import { ingestAll, partIn, readFigures, runStep, startBeside } from "./jobs";
import { reportPage } from "./report";
import type { Screen } from "./screen";
import { announce } from "./serving";
import { type LocalStack, loginOf } from "./stack";
import type { System } from "./workloads";
import { isWanted } from "./workloads";

interface ServeArgs {
  readonly stack: LocalStack;
  readonly board: Board;
  readonly screen: Screen;
  readonly only: System | undefined;
}

/** How long the source changes in each round of ingestion. In the cluster, a batch starts every minute. */
const PAUSE_MS = 5_000;

/** Runs the stack until it is stopped: the source changes, batches follow one another, and the report is live. */
export async function serveUntil(stop: AbortSignal, args: ServeArgs): Promise<void> {
  const { stack, board, screen, only } = args;
  const server = createServer((request, response) => {
    const log = logNamed(/^\/logs\/([\w.-]+\.log)$/.exec(request.url ?? "")?.[1]);
    if (log !== undefined)
      return void response.writeHead(200, { "content-type": "text/plain; charset=utf-8" }).end(log);
    if (request.url !== "/") return void response.writeHead(404).end("not found; the report is at /\n");
    response
      .writeHead(200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" })
      .end(reportPage(board.facts, { live: true }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo; // a TCP server has a port
  const report = `http://127.0.0.1:${port}/`;
  screen.say(`live     ${report}  until Ctrl-C`);
  const servers = startServers(stop, args, report);

  const wanted = stack.workloads.filter(({ system }) => system === "datasurface" && isWanted(system, only));
  const parts = (part: string) => wanted.filter((workload) => partIn(workload, stack).part === part);
  const [streams, simulators] = [parts("batch"), parts("beside")];
  for (let round = 1; !stop.aborted; round += 2) {
    const step = { stack, board, signal: stop };
    const rest = new AbortController();
    const until = AbortSignal.any([stop, rest.signal]);
    const beside = await Promise.all(
      simulators.map((each) => startBeside(each, { stack, board, signal: NEVER, until })),
    );
    let right = await ingestAll(streams, { ...step, round });
    await wait(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
    rest.abort();
    await Promise.all(beside.map(({ ended }) => ended));
    // Source and result can be compared only while the source does not change.
    right = right && (await ingestAll(streams, { ...step, round: round + 1 }));
    if (right) await readFigures(stack, board, only);
    else await wait(PAUSE_MS, undefined, { signal: stop }).catch(() => undefined);
  }
  await Promise.all(servers);
  server.close();
  server.closeAllConnections();
}

/** The output of a step so far; undefined if there is no such file. */
function logNamed(name: string | undefined): Buffer | undefined {
  const path = join(LOGS, name ?? "");
  return name !== undefined && existsSync(path) ? readFileSync(path) : undefined;
}

/** Starts the stack's own servers until the stop, and tells how each part is reached, with its login. */
function startServers(stop: AbortSignal, { stack, board, screen, only }: ServeArgs, report: string) {
  const postgres = loginOf(stack.postgres);
  announce({ postgres, report }, stack.authority);
  screen.tell(`postgres ${stack.postgres.url("rain")}`, "npx trellis psql rain");
  for (const { accessKey, secretKey, buckets } of stack.store.accesses)
    screen.tell(
      `S3       https://127.0.0.1:${stack.store.port}  ${accessKey} / ${secretKey}`,
      [...buckets].join(", "),
    );
  const servers = stack.workloads.filter(
    (workload) => partIn(workload, stack).part === "server" && isWanted(workload.system, only),
  );
  return servers.map((workload) => {
    const hear = (message: string) => {
      const [, address] = /listens on (\S+)$/.exec(message) ?? [];
      if (address === undefined) return;
      const rain = `http://${address}/docs`;
      announce({ postgres, report, rain }, stack.authority);
      screen.tell(`rain     ${rain}`, "npx trellis open rain");
    };
    return runStep(workload, { stack, board, signal: NEVER, until: stop, hear });
  });
}

const NEVER = new AbortController().signal;
