import { z } from "zod";
import { type Context, JobError, type Outcome } from "../../shared";
import { readSnapshot } from "../discovery";
import { base64, type EtcdAccess, EtcdGateway, endOfPrefix, range } from "../etcd";
import { confirm } from "./confirm";

interface ClearStaleStateConfig {
  readonly scope: string;
  readonly etcd: EtcdAccess;
  readonly all: boolean;
  readonly yes: boolean;
}

/**
 * Removes keys that prevent a cluster without a leader from electing one: the `initialize` key of a bootstrap that died
 * half-way, and a switchover that was requested and never happened. With `all`, every key is deleted, including the
 * record of which data belongs to the cluster. Otherwise `sync` stays, because it names the members that have all
 * acknowledged rows.
 */
export async function clearStaleState(
  { scope, etcd, all, yes }: ClearStaleStateConfig,
  { log, signal }: Context,
): Promise<Outcome> {
  const prefix = `/service/${scope}/`;
  const gateway = new EtcdGateway(etcd);
  try {
    const { entries } = await readSnapshot(gateway, prefix, signal);
    const leader = entries.get("leader")?.value;
    if (leader !== undefined) throw refused(leader);
    const stale = [...entries.keys()].filter(
      (key) => all || key === "failover" || (key === "initialize" && entries.get(key)?.value === ""),
    );
    if (stale.length === 0) {
      log.info(`${scope} has no stale state`);
      return "done";
    }
    await confirm(`Remove ${stale.join(", ")} of ${scope} from etcd?`, yes, signal);

    // A leader may have been elected during the confirmation: etcd checks again, in one transaction with the deletion.
    const removal = all
      ? [{ request_delete_range: range(prefix, endOfPrefix(prefix)) }]
      : stale.map((key) => ({ request_delete_range: { key: base64(`${prefix}${key}`) } }));
    const answer = await gateway.call(
      "kv/txn",
      {
        compare: [{ key: base64(`${prefix}leader`), target: "CREATE", create_revision: "0" }],
        success: removal,
      },
      signal,
    );
    if (!z.object({ succeeded: z.boolean().default(false) }).parse(answer).succeeded)
      throw refused("a member");
    log.info({ removed: stale }, `removed from ${scope}: ${stale.join(", ")}`);
    return "done";
  } finally {
    gateway.close();
  }
}

const refused = (leader: string) =>
  new JobError(`${leader} holds the leader's lock: the cluster is alive, and its state is not stale`);
