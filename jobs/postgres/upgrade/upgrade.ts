import { type Context, type DatabaseAddress, JobError, type Outcome } from "../../shared";
import type { Transfer, UPGRADE_ACTIONS } from "../actions";
import type { EtcdAccess } from "../etcd";
import { clearStaleState } from "../operations";
import { finishUpgrade } from "./finish";
import { releaseIn } from "./programs";
import { rehearse } from "./rehearse";
import { runUpgrade } from "./run";
import { confirmUpgrade, takeBack } from "./way-back";

interface UpgradeConfig {
  readonly action: (typeof UPGRADE_ACTIONS)[number];
  /** Needed to rehearse and to finish. */
  readonly leader: DatabaseAddress | undefined;
  /** The leader's data folder; needed by the other actions. */
  readonly data: string | undefined;
  /** The cluster in etcd, whose state is removed with the data that it belongs to. @default it is left */
  readonly scope: string | undefined;
  readonly etcd: EtcdAccess | undefined;
  /** Folders with the programs of both releases. */
  readonly oldPrograms: string;
  readonly newPrograms: string;
  readonly transfer: Transfer;
}

export async function upgrade(config: UpgradeConfig, context: Context): Promise<Outcome> {
  const releases = { old: await releaseIn(config.oldPrograms), new: await releaseIn(config.newPrograms) };
  if (releases.old.major >= releases.new.major) {
    throw new JobError(
      `an upgrade goes to a newer release, not from ${releases.old.major} to ${releases.new.major}`,
      2,
    );
  }
  context.print(await act(config, releases, context));
  return "done";
}

async function act(
  { action, leader, data, scope, etcd, transfer }: UpgradeConfig,
  releases: {
    readonly old: Awaited<ReturnType<typeof releaseIn>>;
    readonly new: Awaited<ReturnType<typeof releaseIn>>;
  },
  context: Context,
): Promise<string> {
  if (action === "rehearse" || action === "finish") {
    if (!leader) throw new Error("the settings were checked");
    const args = { ...releases, leader };
    return action === "rehearse" ? rehearse(args, context) : finishUpgrade(args, context);
  }
  if (!data) throw new Error("the settings were checked");
  const args = { ...releases, data, transfer };
  // A cluster of another release has another identity, which members compare with etcd's. Refuses while a member leads.
  const clear = () => scope && etcd && clearStaleState({ scope, etcd, all: true, yes: true }, context);
  switch (action) {
    case "run":
      await clear();
      return runUpgrade(args, context);
    case "back":
      await clear();
      return takeBack(args, context);
    case "confirm":
      return confirmUpgrade(args);
  }
}
