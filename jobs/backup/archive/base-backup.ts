import { type Context, UserError } from "../../shared";
import { secondsSince } from "../elapsed";
import { PgBackRestError, pgbackrest } from "./pgbackrest";
import { readRepository } from "./repository";
import type { BaseBackup } from "./window";

interface BaseBackupArgs {
  readonly stanza: string;
  readonly repository: number;
  readonly type: BaseBackup["type"];
}

/** pgBackRest's number for a repository that holds another cluster under this name. */
const ANOTHER_CLUSTER = 28;

/** Makes the cluster known to the repositories where it is not, then a backup, which the members' servers read out. */
export async function makeBaseBackup(
  { stanza, repository, type }: BaseBackupArgs,
  { log, signal }: Context,
): Promise<BaseBackup & { readonly seconds: number }> {
  const tools = { stanza, log, signal };
  const began = Date.now();
  if (!(await readRepository(tools, repository)).known) await makeKnown(stanza, repository, { log, signal });
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
      throw new UserError(
        `repository ${repository} holds the archive of another cluster called ${stanza}: one that was made anew must not ` +
          "write over it. Recover it (docs/runbooks/point-in-time.md), or give the new cluster another bucket",
        1,
        { cause: error },
      );
    }
    // It goes through all repositories in turn; one that does not answer is of no concern to the others.
    if (!(await readRepository(tools, repository)).known) throw error;
  }
}
