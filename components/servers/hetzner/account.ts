import * as hcloud from "@pulumi/hcloud";
import * as pulumi from "@pulumi/pulumi";
import type { Location } from "../../settings";
import { UserError } from "../../shared/user-error";
import { type Labels, selectorOf } from "./labels";

/** A server of the cluster as it runs now, whoever made it so. */
export interface RunningServer {
  readonly name: string;
  readonly serverType: string;
  readonly labels: Labels;
  readonly deleteProtection: boolean;
}

/** What Hetzner says before anything is declared; the plan of the servers builds on it. */
export interface AccountSurvey {
  /** The cluster's servers by name. */
  readonly servers: ReadonlyMap<string, RunningServer>;

  /** Where each server type can be had today. */
  readonly stock: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Asks Hetzner for the cluster's servers and for what is in stock, with the credentials and the endpoint of the
 * default provider (`hcloud:token`, `hcloud:endpoint`).
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

/** The provider's own message does not name the missing token. */
function refusal(error: unknown): UserError {
  const reason = error instanceof Error ? error.message : String(error);
  const hasToken = new pulumi.Config("hcloud").get("token") ?? process.env.HCLOUD_TOKEN;
  return new UserError(
    hasToken
      ? `The list of servers cannot be read from Hetzner: ${reason}\nCheck that hcloud:token (or HCLOUD_TOKEN) is a read-write token of the right project.`
      : `hcloud:token: missing; allowed: a read-write token of the Hetzner project. Set it: pulumi config set --secret hcloud:token (or the environment variable HCLOUD_TOKEN).\nThe provider reported: ${reason}`,
  );
}
