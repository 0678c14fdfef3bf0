import { setTimeout as wait } from "node:timers/promises";
import type { ClusterMember, Patroni } from "../../patroni";
import { type Context, JobError } from "../../shared";

/** How long a member may take to restart and to follow the leader again. */
const BACK_WITHIN_MS = 300_000;
const LOOK_EVERY_MS = 500;

/** Members report a restart that they need one loop after a change, and the loop that began before it may still run. */
const LOOPS_TO_NOTICE = 2;

/** After a restart nothing more is pending when no member has said so for this many loops. */
const QUIET_LOOPS = 5;

/** How often a member is restarted at most: a parameter that it refuses would be pending for ever. */
const PASSES = 3;

const isLeader = ({ role }: ClusterMember) => role === "leader" || role === "standby_leader";
const isUp = ({ state }: ClusterMember) => state === "running" || state === "streaming";
const pendingOf = (members: readonly ClusterMember[]) =>
  members.filter(({ pending_restart: pending }) => pending);

/**
 * Restarts the members whose parameters wait for it: one after the other, replicas first, and the next one only when the
 * last one follows again. A parameter that was lowered takes effect on the leader first, so its replicas restart a second
 * time. Returns the names of the members that were restarted, in order.
 */
export async function restartPending(
  patroni: Patroni,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<string[]> {
  await wait((await patroni.loopSeconds(signal)) * 1000 * LOOPS_TO_NOTICE, undefined, { signal });
  const restarted: string[] = [];
  const restart = async ({ name }: ClusterMember) => {
    log.info({ member: name }, `${name} restarts PostgreSQL, for parameters that need it`);
    const { members } = await patroni.cluster(signal);
    const now = members.find((each) => each.name === name);
    if (!now?.pending_restart) return;
    await patroni.restart(now, signal);
    restarted.push(name);
    await untilUp(patroni, name, signal);
  };
  const { members, pause } = await patroni.cluster(signal);
  const pending = pendingOf(members);
  if (pending.length === 0) return restarted;
  log.info(
    { members: pending.map(({ name }) => name) },
    `a restart is pending on ${pending.map(({ name }) => name).join(", ")}`,
  );
  if (pause) throw new JobError("Patroni is paused: resume it (patronictl resume), then configure again");
  for (const replica of pending.filter((each) => !isLeader(each))) await restart(replica);
  for (const leader of pending.filter(isLeader)) await restart(leader);
  // Until nobody asks for another restart: a replica notices the leader's lowered parameter some loops later.
  const mostRestarts = members.length * PASSES;
  for (let quiet = 0; quiet < QUIET_LOOPS && restarted.length < mostRestarts; quiet++) {
    await wait((await patroni.loopSeconds(signal)) * 1000, undefined, { signal });
    const again = pendingOf((await patroni.cluster(signal)).members);
    for (const member of again) await restart(member);
    if (again.length > 0) quiet = -1;
  }
  return restarted;
}

async function untilUp(patroni: Patroni, name: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + BACK_WITHIN_MS;
  for (;;) {
    const { members } = await patroni.cluster(signal);
    const member = members.find((each) => each.name === name);
    if (member && isUp(member) && members.some(isLeader)) return;
    if (Date.now() > deadline) {
      throw new JobError(
        `${name} does not follow the leader within ${BACK_WITHIN_MS / 1000} s of its restart (${member?.state ?? "gone"}): the other members were not restarted. Look at its log, then configure again`,
      );
    }
    await wait(LOOK_EVERY_MS, undefined, { signal });
  }
}
