import { type Context, JobError } from "../../shared";
import { secondsSince } from "../elapsed";
import { PgBackRestError, pgbackrest } from "./pgbackrest";
import { readRepository } from "./repository";
import type { BaseBackup } from "./window";

interface BaseBackupArgs {
  readonly stanza: string;
  readonly repository: number;
  readonly type: BaseBackup["type"];
  /** Whether the cluster is the archive's own after an upgrade to another major release. */
  readonly upgraded: boolean;
}

/** pgBackRest's exit code when the repository holds a different cluster under this stanza name. */
const ANOTHER_CLUSTER = 28;

/**
 * Creates the stanza in repositories that lack it, then takes a backup, which pgBackRest reads from the members'
 * servers.
 */
export async function makeBaseBackup(
  { stanza, repository, type, upgraded }: BaseBackupArgs,
  { log, signal }: Context,
): Promise<BaseBackup & { readonly seconds: number }> {
  const tools = { stanza, log, signal };
  const began = Date.now();
  if (!(await readRepository(tools, repository)).known) await makeKnown(stanza, repository, { log, signal });
  else if (upgraded) await pgbackrest(tools, "stanza-upgrade");
  await pgbackrest(tools, "backup", [`--repo=${repository}`, `--type=${type}`]);
  const made = (await readRepository(tools, repository)).backups.at(-1);
  if (!made) throw new Error(`pgbackrest made a backup in repository ${repository} and does not list it`);
  return { ...made, seconds: secondsSince(began) };
}

async function makeKnown(
  stanza: string,
  repository: number,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<void> {
  const tools = { stanza, log, signal };
  try {
    await pgbackrest(tools, "stanza-create");
  } catch (error) {
    if (error instanceof PgBackRestError && error.code === ANOTHER_CLUSTER) {
      throw new JobError(
        `repository ${repository} holds the archive of another cluster called ${stanza}: one that was made anew must not ` +
          "write over it. Recover it (docs/runbooks/point-in-time.md), or give the new cluster another bucket",
        1,
        { cause: error },
      );
    }
    // stanza-create goes through all repositories; a failure in another repository does not affect this one.
    if (!(await readRepository(tools, repository)).known) throw error;
  }
}
