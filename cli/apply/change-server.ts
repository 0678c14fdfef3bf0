import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../components/shared/user-error";
import { type Connection, ConnectionError } from "./connection";
import { type FoundServer, foundServer, type MachineState } from "./machine-state";
import type { FirstBoot } from "./outputs";
import type { ServerChange } from "./plan";
import {
  healthCheck,
  inspection,
  OUTCOME,
  RECEIVE,
  restoring,
  STAGE,
  staged,
  startOf,
  UNIT,
} from "./server-scripts";

const BETWEEN_LOOKS_MS = 1_000;
/** Servers accept twenty new connections a minute. */
const BETWEEN_CONNECTIONS_MS = 5_000;
/** A connection that breaks meanwhile is made again for this long. */
const PATIENCE_MS = 120_000;

/** How a change of a server ended. */
export interface Outcome {
  readonly kind: "changed" | "restored" | "broken";
  /** What it said, if it failed. */
  readonly reason: string;
}

interface InspectArgs {
  /** Whether to change nothing at all. */
  readonly dryRun: boolean;
  readonly say: (line: string) => void;
}

/** Looks at a server. Puts back first what an interrupted change left. */
export async function inspect(
  connection: Connection,
  paths: readonly string[],
  { dryRun, say }: InspectArgs,
): Promise<FoundServer> {
  const look = async () => foundServer(await connection.run("bash -s", inspection(paths)));
  const first = await look();
  if (!first.interrupted) return first;
  if (dryRun) {
    say(`${connection.name}: an earlier run was interrupted; the next one first puts its former files back`);
    return first;
  }
  await withoutRun(connection, say);
  const second = await look();
  if (!second.interrupted) return second;
  say(`${connection.name}: an earlier run was interrupted; putting its former files back`);
  await connection.run(RECEIVE, restoring());
  const { kind } = await runUnit(connection, "restore");
  if (kind === "broken")
    throw new UserError(
      `${connection.name}: the former files are back, and it is not healthy: docs/runbooks/server.md\n${await connection.run("tail -n 20 /run/trellis-apply/log")}`,
    );
  return look();
}

/** Changes one server, and waits until it is healthy or has its former files back. */
export async function changeServer(
  connection: Connection,
  change: ServerChange,
  wanted: MachineState,
  boot: FirstBoot,
): Promise<Outcome> {
  await connection.run(RECEIVE, staged(change, wanted, boot));
  return runUnit(connection, "change");
}

/** Why a server is not healthy now. */
export async function troublesOf(connection: Connection): Promise<string[]> {
  const printed = await connection.run("bash -s", healthCheck());
  return printed.split("\n").filter((line) => line !== "");
}

/** Why a node is not ready, as a server with the Kubernetes API says. */
export async function nodeTrouble(api: Connection, node: string): Promise<string | undefined> {
  const path = `{.status.conditions[?(@.type=="Ready")].status}`;
  const ready = await api
    .run(`k3s kubectl get node ${node} -o jsonpath='${path}'`)
    .catch((error: Error) => error.message);
  return ready.trim() === "True" ? undefined : `the node is not ready (${ready.trim() || "no answer"})`;
}

async function withoutRun(connection: Connection, say: (line: string) => void): Promise<void> {
  const active = async () => (await connection.run(`systemctl is-active ${UNIT} || :`)).trim() === "active";
  if (!(await active())) return;
  say(`${connection.name}: an earlier run is still at work here; waiting for its end`);
  while (await active()) await pause(BETWEEN_LOOKS_MS);
}

async function runUnit(connection: Connection, verb: "change" | "restore"): Promise<Outcome> {
  await connection.run(startOf(verb));
  const ended = `cat ${OUTCOME} 2>/dev/null || systemctl is-active ${UNIT} || { sleep 1; cat ${OUTCOME} 2>/dev/null || echo gone; }`;
  let heard = Date.now();
  for (;;) {
    await pause(BETWEEN_LOOKS_MS);
    try {
      const [first = "", ...rest] = (await connection.run(ended)).split("\n");
      heard = Date.now();
      if (first === "changed" || first === "restored" || first === "broken")
        return { kind: first, reason: rest.join("\n").trim() };
      if (first === "gone" || rest[0] === "gone")
        throw new UserError(
          `${connection.name}: the change was interrupted on the server itself. Run the command again: it continues from ${STAGE}`,
        );
    } catch (error) {
      if (!(error instanceof ConnectionError) || Date.now() - heard > PATIENCE_MS) throw error;
      await pause(BETWEEN_CONNECTIONS_MS);
    }
  }
}
