import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { Location } from "../../settings";
import { UserError } from "../../shared/user-error";
import { type Labels, selectorOf } from "./labels";

/** The present state of one of the cluster's servers, including changes made outside of this program. */
export interface RunningServer {
  readonly name: string;
  readonly serverType: string;
  /** Its labels; the program reads its generation and the mark of its first boot from them. */
  readonly labels: Labels;
  /** Whether Hetzner refuses to delete it. A replacement lifts this protection first. */
  readonly deleteProtection: boolean;
}

/** The state of the Hetzner account before anything is declared; the plan of the servers depends on it. */
export interface AccountSurvey {
  /** The cluster's servers by name. */
  readonly servers: ReadonlyMap<string, RunningServer>;

  /** The locations that have each server type in stock now, by type. */
  readonly stock: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Reads the cluster's servers and the server types in stock from Hetzner, with the credentials and the endpoint of
 * the default provider (`hcloud:token`, `hcloud:endpoint`).
 */
export async function surveyAccount(cluster: string): Promise<AccountSurvey> {
  const [{ servers }, { serverTypes }] = await Promise.all([
    hcloud.getServers({ withSelector: selectorOf(cluster) }),
    hcloud.getServerTypes(),
  ]).catch((error: unknown) => {
    throw refusal(error);
  });
  return {
    servers: new Map(
      servers.map(({ name, serverType, labels, deleteProtection }) => [
        name,
        { name, serverType, labels, deleteProtection },
      ]),
    ),
    stock: new Map(
      serverTypes.map(({ name, locations }) => [
        name,
        new Set(locations.filter(({ available }) => available).map((location) => location.name)),
      ]),
    ),
  };
}

export function inStock({ stock }: AccountSurvey, type: string, location: Location): boolean {
  return stock.get(type)?.has(location) ?? false;
}

/** Adds what to check, because the provider's own message does not name the missing token. */
function refusal(error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  const hasToken = new pulumi.Config("hcloud").get("token") ?? process.env.HCLOUD_TOKEN;
  return new UserError(
    hasToken
      ? `The list of servers cannot be read from Hetzner: ${reason}\nCheck that hcloud:token (or HCLOUD_TOKEN) is a read-write token of the right project.`
      : `hcloud:token: missing; allowed: a read-write token of the Hetzner project. Set it: pulumi config set --secret hcloud:token (or the environment variable HCLOUD_TOKEN).\nThe provider reported: ${reason}`,
  );
}
