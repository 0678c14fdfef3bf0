import { setTimeout as pause } from "node:timers/promises";
import { UserError } from "../../components/shared/user-error";
import { agreed } from "../shared/agreement";
import type { Given } from "../shared/command";
import { paletteFor } from "../shared/palette";
import { chooseStack } from "../shared/stack-choice";
import { UsageError } from "../shared/usage-error";
import { changeServer, inspect, nodeTrouble, troublesOf } from "./change-server";
import { Connection } from "./connection";
import { BootLabels } from "./hetzner-labels";
import { type FoundServer, type MachineState, stateOfUserData } from "./machine-state";
import { type FirstBoot, readServers, type StackServers } from "./outputs";
import { changeOf, inOrder, isEmpty } from "./plan";
import { type PlannedServer, screenOf } from "./screen";

type ApplyCommandLine = Given<{
  "--stack <name>": string;
  "--server <name>": string;
  "--outputs <file>": string;
  "--identity <file>": string;
  "--dry-run": string;
  "--yes": string;
  "--json": string;
}>;

/** A node that restarted K3s may take a moment until the API says that it is ready. */
const PATIENCE_MS = 120_000;
const BETWEEN_LOOKS_MS = 2_000;

const CHANGES = 3;
const REFUSED = 4;

/** A server of the stack: what it is, and what it shall be. */
interface Inspected {
  readonly name: string;
  readonly connection: Connection;
  readonly boot: FirstBoot;
  readonly state: MachineState;
  readonly found: FoundServer;
  readonly leadsEtcd: boolean;
  readonly plan: PlannedServer;
}

/** Runs `trellis apply` and returns its exit code. */
export async function run({ flags }: ApplyCommandLine): Promise<number> {
  const stack =
    flags.outputs === undefined ? chooseStack({ cwd: process.cwd(), flag: flags.stack }) : undefined;
  const servers = readServers(flags);
  if (flags.server !== undefined && servers.servers[flags.server] === undefined) {
    const names = Object.keys(servers.servers).join(", ");
    throw new UsageError(`--server: given ${flags.server}, allowed: ${names}`);
  }
  const labels = BootLabels.of(stack);
  const addresses = Object.entries(servers.servers);
  return Connection.use(
    addresses.map(([name, address]) => ({ name, address, identity: flags.identity })),
    async (connections) => {
      const look = (each: Connection) => survey(each, servers, labels, flags.dryRun === true);
      return changeAll(inOrder(await Promise.all(connections.map(look))), labels, flags);
    },
  );
}

/** Shows what changes, asks, and changes one server after the other. */
async function changeAll(
  all: readonly Inspected[],
  labels: BootLabels,
  flags: ApplyCommandLine["flags"],
): Promise<number> {
  const chosen = all.filter(({ name }) => flags.server === undefined || name === flags.server);
  const plans = chosen.map(({ plan }) => plan);
  process.stdout.write(
    flags.json ? `${JSON.stringify(plans, undefined, 2)}\n` : screenOf(plans, paletteFor(process.stdout)),
  );
  if (plans.some(({ refusals }) => refusals.length > 0)) return REFUSED;
  const pending = chosen.filter(({ plan }) => !isEmpty(plan) || plan.markIsOld);
  if (pending.length === 0) return 0;
  if (flags.dryRun) return CHANGES;
  refuseIfUnhealthy(all);
  if (!flags.yes && !(await agreed("Change these servers?", "Nothing was changed"))) return 1;
  for (const server of pending) await applyTo(server, all, labels);
  say("done: these servers are as their first boot would be now; the next pulumi up empties outdatedServers");
  return 0;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

async function survey(
  connection: Connection,
  { firstBoots }: StackServers,
  labels: BootLabels,
  dryRun: boolean,
): Promise<Inspected> {
  const { name } = connection;
  const boot = firstBoots[name];
  if (!boot) throw new UserError(`the outputs have no first boot of ${name}: deploy once (pulumi up)`);
  const state = stateOfUserData(boot.userData);
  const programs = state.installed.programs.map(({ path }) => path);
  const mark = await labels.markOf(name);
  const found = await inspect(connection, [...state.entries.keys(), ...programs], { dryRun, say });
  const plan = { ...changeOf(name, state, boot, found), markIsOld: mark !== boot.mark };
  return { name, connection, boot, state, found, leadsEtcd: found.leadsEtcd, plan };
}

/** Two servers must not be away at once, so all must be healthy before the first one restarts anything. */
function refuseIfUnhealthy(servers: readonly Inspected[]): void {
  const reasons = servers.flatMap(({ name, found }) => found.unhealthy.map((reason) => `${name}: ${reason}`));
  if (reasons.length > 0)
    throw new UserError(
      `nothing was changed, because the cluster is not healthy:\n${reasons.join("\n")}\nMend this first: docs/runbooks/server.md`,
    );
}

async function applyTo(
  { name, connection, boot, state, plan }: Inspected,
  all: readonly Inspected[],
  labels: BootLabels,
): Promise<void> {
  if (!isEmpty(plan)) {
    say(`${name}: changing`);
    const began = performance.now();
    const { kind, reason } = await changeServer(connection, plan, state, boot);
    if (kind === "restored")
      throw new UserError(
        `${name}: the change failed, its former files are back, and it is healthy. The other servers were left alone.\n${reason}`,
      );
    if (kind === "broken")
      throw new UserError(
        `${name}: the change failed. Its former files are back, and it is not healthy: docs/runbooks/server.md\n${reason}`,
      );
    await awaitCluster(all, name);
    say(`${name}: done after ${Math.round((performance.now() - began) / 1000)} s`);
  }
  await labels.setMark(name, boot.mark);
}

/** The next server may be taken away only if all servers are well and the node of this one is ready. */
async function awaitCluster(all: readonly Inspected[], changed: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const reasons = await clusterTroubles(all, changed);
    if (reasons.length === 0) return;
    if (Date.now() > end)
      throw new UserError(
        `${changed} is changed, but the cluster is not healthy, so the other servers were left alone:\n${reasons.join("\n")}`,
      );
    await pause(BETWEEN_LOOKS_MS);
  }
}

async function clusterTroubles(all: readonly Inspected[], changed: string): Promise<string[]> {
  const api = all.find(({ state }) => state.entries.has("/usr/local/lib/trellis/report-first-boot"));
  const ofNode = async () => {
    const trouble = api && (await nodeTrouble(api.connection, changed));
    return trouble === undefined ? [] : [`${changed}: ${trouble}`];
  };
  const reasons = await Promise.all([
    ofNode(),
    ...all.map(async ({ name, connection }) =>
      (await troublesOf(connection)).map((reason) => `${name}: ${reason}`),
    ),
  ]);
  return reasons.flat();
}
