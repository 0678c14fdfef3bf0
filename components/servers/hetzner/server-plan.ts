import type { Node, ServerTypeName } from "../../settings";
import { UserError } from "../../shared/user-error";
import { type AccountSurvey, inStock, type RunningServer } from "./account";
import { GENERATION_LABEL } from "./labels";

export interface ServerPlanArgs {
  /** The servers that must exist. */
  readonly nodes: readonly Node[];
  /** The servers that exist, and the types in stock. */
  readonly survey: AccountSurvey;
  /** The wanted generation of each server, by name; 1 if absent. A changed generation replaces the server. */
  readonly generations: Readonly<Record<string, number>>;
  /** Whether servers are protected against deletion and rebuilding. */
  readonly protection: boolean;
}

/** What this run does with a server. */
export interface ServerPlan {
  readonly node: Node;
  readonly serverType: string;
  /** When it differs from that of the last run, the server is replaced. */
  readonly generation: number;
  /** Whether Hetzner refuses to delete or rebuild the server. */
  readonly protectedAtHetzner: boolean;
  /** Whether the engine refuses to delete the server. */
  readonly protectedInState: boolean;
  /** Whether the server boots for the first time in this run, with the present user data. */
  readonly boots: boolean;
  readonly notes: readonly Note[];
}

export interface Note {
  readonly severity: "info" | "warning";
  readonly message: string;
}

/**
 * Decides what this run does with each server. Running servers stay unchanged. A replacement or another type shuts a
 * server down, so only one server gets either in a run: the cluster can recover before the next.
 */
export function planServers(args: ServerPlanArgs): ServerPlan[] {
  const stands = args.nodes.map((node) => stand(node, args));
  const inTurn = next(stands);
  return stands.map((each) => {
    if (!each.running) return create(each, args);
    const { running } = each;
    if (!each.replace && !each.resize) return keep(each, running, args, []);
    if (each !== inTurn) return keep(each, running, args, [waiting(each, inTurn)]);
    return each.replace ? replace(each, running, args) : resize(each, running, args);
  });
}

/** The state of a server, compared with the settings. */
interface Stand {
  readonly node: Node;
  readonly running: RunningServer | undefined;
  readonly wanted: number;
  readonly generation: number;
  readonly replace: boolean;
  readonly resize: boolean;
}

function stand(node: Node, { survey, generations }: ServerPlanArgs): Stand {
  const running = survey.servers.get(node.name);
  const wanted = generations[node.name] ?? 1;
  // If somebody removed the label, assume the wanted generation: then the program's state alone decides.
  const generation = Number(running?.labels[GENERATION_LABEL]) || wanted;
  const types: readonly string[] = node.types;
  return {
    node,
    running,
    wanted,
    generation,
    replace: running !== undefined && generation !== wanted,
    resize: running !== undefined && !types.includes(running.serverType),
  };
}

/** The server that this run may shut down: one whose protection was lifted for its replacement, else the first. */
function next(stands: readonly Stand[]): Stand | undefined {
  const candidates = stands.filter(({ replace, resize }) => replace || resize);
  return candidates.find(({ replace, running }) => replace && !running?.deleteProtection) ?? candidates[0];
}

function create({ node, wanted }: Stand, args: ServerPlanArgs): ServerPlan {
  const serverType = firstInStock(node, args.survey);
  if (!serverType) {
    throw new UserError(
      `target.servers: ${node.name} cannot be created: ${node.location} has none of ${node.types.join(", ")} in stock. ` +
        `Add a type with ${node.memoryGb} GB and ${node.architecture}, or use another location.`,
    );
  }
  return {
    node,
    serverType,
    generation: wanted,
    ...protection(args.protection),
    boots: true,
    notes: fallback(node, serverType),
  };
}

function keep(
  { node, generation }: Stand,
  running: RunningServer,
  args: ServerPlanArgs,
  notes: readonly Note[],
): ServerPlan {
  return {
    node,
    serverType: running.serverType,
    generation,
    ...protection(args.protection),
    boots: false,
    notes,
  };
}

/** Takes two runs: one lifts the protection, the next replaces. Without a type in stock, the server is not deleted. */
function replace(each: Stand, running: RunningServer, args: ServerPlanArgs): ServerPlan {
  const { node, wanted } = each;
  const types: readonly string[] = node.types;
  const stays = types.includes(running.serverType) && inStock(args.survey, running.serverType, node.location);
  const serverType = stays ? running.serverType : firstInStock(node, args.survey);
  if (!serverType) {
    return keep(each, running, args, [
      warning(
        `${node.name} is not replaced: ${node.location} has none of ${node.types.join(", ")} in stock. Run again later, or add a type to its \`types\``,
      ),
    ]);
  }
  if (running.deleteProtection) {
    return {
      ...keep(each, running, args, [
        warning(
          `${node.name}: this update lifts its deletion protection; run it again to replace the server`,
        ),
      ]),
      ...protection(false),
    };
  }
  return {
    node,
    serverType,
    generation: wanted,
    ...protection(args.protection),
    boots: true,
    notes: [
      warning(`${node.name} is replaced: its disk is deleted, its addresses stay`),
      ...(stays ? [] : fallback(node, serverType)),
    ],
  };
}

function resize(each: Stand, running: RunningServer, args: ServerPlanArgs): ServerPlan {
  const { node } = each;
  const serverType = firstInStock(node, args.survey);
  const kept = keep(each, running, args, []);
  if (!serverType) {
    const message = `${node.name} keeps ${running.serverType}: ${node.location} has none of ${node.types.join(", ")} in stock`;
    return { ...kept, notes: [warning(message)] };
  }
  return {
    ...kept,
    serverType,
    notes: [
      warning(`${node.name} is shut down to change its type from ${running.serverType} to ${serverType}`),
      ...fallback(node, serverType),
    ],
  };
}

function firstInStock(node: Node, survey: AccountSurvey): ServerTypeName | undefined {
  return node.types.find((type) => inStock(survey, type, node.location));
}

function fallback({ name, location, types }: Node, taken: string): Note[] {
  const [wanted] = types;
  if (taken === wanted) return [];
  return [{ severity: "info", message: `${name} gets ${taken}: ${wanted} is sold out in ${location}` }];
}

function waiting({ node }: Stand, inTurn: Stand | undefined): Note {
  return warning(
    `${node.name} waits for ${inTurn?.node.name}, because an update changes one server; run it again when the cluster is healthy`,
  );
}

const protection = (on: boolean) => ({ protectedAtHetzner: on, protectedInState: on });
const warning = (message: string): Note => ({ severity: "warning", message });
