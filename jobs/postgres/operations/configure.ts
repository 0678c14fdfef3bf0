import { lookup } from "node:dns/promises";
import type { z } from "zod";
import { Patroni, type PatroniAccess } from "../../patroni";
import type { Context, Outcome } from "../../shared";
import { restartPending } from "./restart-pending";

interface ConfigureConfig {
  readonly patroni: PatroniAccess;
  /** Patroni's dynamic configuration, as far as it is to be changed. */
  readonly configuration: Record<string, z.core.util.JSONType>;
  /** Whether members that wait for a restart are restarted. */
  readonly restart: boolean;
}

/**
 * Brings Patroni's configuration to the given one. Without a cluster there is nothing to change: its first member starts
 * with the configuration of its own file.
 */
export async function configure(
  { patroni: access, configuration, restart }: ConfigureConfig,
  { log, signal }: Context,
): Promise<Outcome> {
  if (!(await hasAddress(new URL(access.url).hostname))) {
    log.info("there is no member yet: the cluster will start with this configuration");
    return "done";
  }
  const patroni = new Patroni(access);
  const changed = await patroni.bringConfigurationTo(configuration, signal);
  log.info(changed ? "Patroni's configuration has changed" : "Patroni's configuration is as wanted");
  if (!restart) return "done";
  const restarted = await restartPending(patroni, { log, signal });
  log.info(
    { restarted },
    restarted.length > 0 ? `restarted: ${restarted.join(", ")}` : "no restart was needed",
  );
  return "done";
}

/** A headless Service has no address while it has no pod. */
async function hasAddress(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch (error) {
    // Safe: errors of node:dns carry a code.
    if ((error as NodeJS.ErrnoException).code === "ENOTFOUND") return false;
    throw error;
  }
}
