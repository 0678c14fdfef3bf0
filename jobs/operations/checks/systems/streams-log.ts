import { check, count, noneOf, notApplicable } from "../check";
import { streamStates } from "./streams";

/** Half of what PostgreSQL of Trellis keeps for a slot (max_slot_wal_keep_size). */
const MOST_BYTES = 2 * 1024 ** 3;

export const streamsLog = check({
  id: "systems.streams-log",
  title: "no source keeps much of its log for a stream",
  severity: "warning",
  timeoutSeconds: 20,
  means: "A stream of changes falls behind: its slot will be lost, or the source's disk fills.",
  next: "jobs datasurface status --json",
  runbook: "docs/changes.md#when-the-slot-is-lost",
  run: async (readers, platform) => {
    const { streams } = platform;
    if (!streams) return notApplicable("the stack ingests nothing");
    const states = await streamStates(readers, platform, streams);
    const behind = states.flatMap(([name, { changes }]) =>
      changes?.retainedBytes !== undefined && changes.retainedBytes > MOST_BYTES
        ? [
            `${name}: ${(changes.retainedBytes / 1024 ** 3).toFixed(1)} GiB are kept for the slot ${changes.slot}`,
          ]
        : [],
    );
    return noneOf(behind, `${count(states.length, "stream")} within ${MOST_BYTES / 1024 ** 3} GiB`);
  },
});
