import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UserError } from "../../components/shared/user-error";
import { ssh, sshOptions } from "../shared/ssh";
import type { Promised } from "./gardenos";

/** The outputs of a stack that a verification of its servers reads. */
export interface StackServers {
  /** The servers' public addresses, by name. */
  readonly servers: Readonly<Record<string, string>>;
  /** The servers whose user data has changed since they were created. */
  readonly outdatedServers: readonly string[];
}

/** Looks at every server over SSH, all at once; a server that cannot be reached breaks a promise. */
export async function verifyServers(
  { servers, outdatedServers }: StackServers,
  identity: string | undefined,
): Promise<Promised[]> {
  const results = await Promise.all(
    Object.entries(servers).map(async ([name, address]) => {
      const outdated = outdatedServers.includes(name);
      const created = {
        promise: "was created with the user data that the program renders now",
        ...(outdated && {
          broken: "it is in the output outdatedServers: npx trellis apply (docs/upgrade.md#files-of-servers)",
        }),
      };
      return [created, ...(await look(address, identity))].map(({ promise, ...rest }) => ({
        promise: `${name}: ${promise}`,
        ...rest,
      }));
    }),
  );
  return results.flat();
}

const SCRIPT = fileURLToPath(new URL("./server-promises.sh", import.meta.url));

async function look(address: string, identity: string | undefined): Promise<Promised[]> {
  const options = ["BatchMode=yes", "ConnectTimeout=15", "StrictHostKeyChecking=accept-new"];
  const words = [...sshOptions(options, identity), `root@${address}`, "bash -s"];
  const { status, output, complaint } = await ssh(words, readFileSync(SCRIPT));
  if (status !== 0)
    return [
      { promise: "answers SSH", broken: `ssh root@${address} ended with ${status}: ${complaint.trim()}` },
    ];
  return promisesIn(output);
}

/** The promises in the output of `server-promises.sh`. */
export function promisesIn(output: string): Promised[] {
  return output.split("\n").flatMap((line): Promised[] => {
    const [verdict, promise, reason] = line.split("\t");
    if (promise === undefined) return [];
    return [{ promise, ...(verdict !== "kept" && { broken: reason ?? "no reason given" }) }];
  });
}

/** Reads the outputs of a stack: a file, or standard input for `-`. */
export function readStackServers(path: string): StackServers {
  let outputs: unknown;
  try {
    outputs = JSON.parse(readFileSync(path === "-" ? 0 : path, "utf8"));
  } catch (error) {
    throw new UserError(
      `--outputs: ${path} is no JSON file (${error instanceof Error ? error.message : error}). ` +
        "Make it with: pulumi stack output --json",
    );
  }
  const servers: unknown = Reflect.get(Object(outputs), "servers");
  const outdated: unknown = Reflect.get(Object(outputs), "outdatedServers");
  const known = Object.entries(Object(servers)).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  if (known.length === 0)
    throw new UserError(
      "--outputs: there is no output `servers`. Stacks with `target: existing` have none; run `pulumi up` once after an upgrade of Trellis.",
    );
  return {
    servers: Object.fromEntries(known),
    outdatedServers: Array.isArray(outdated) ? outdated.map(String) : [],
  };
}
