import { type Database, quoteLiteral } from "../../../shared";
import type { ChangesState } from "../changes-state";
import { CopyOut } from "../source";
import type { ChangeLog } from "./change-log";
import { copiedFields } from "./copied-fields";
import { laterOf, parseLsn, renderLsn } from "./lsn";
import { type Message, parseMessage } from "./pgoutput";

interface Decoding {
  readonly state: ChangesState;
  readonly logs: readonly ChangeLog[];
  /** The batch ends at the first end of a transaction at or after this position, */
  readonly upTo: bigint;
  /** or once it has so many changes. */
  readonly most: number;
  readonly advance: (changes: number) => void;
}

export interface Decoded {
  /** All transactions that committed before this position are in the logs. */
  readonly lsn: bigint;
  readonly changes: number;
  /** Whether the batch ended early, because it has as many changes as one may have. */
  readonly isPart: boolean;
}

/**
 * Reads the changes since the last batch, and leaves them with the slot: a batch that is not committed reads them again.
 * Each transaction comes in whole, when it has committed.
 */
export async function decode(source: Database, merge: Database, decoding: Decoding): Promise<Decoded> {
  const { state, logs, upTo, most } = decoding;
  const start = parseLsn(state.lsn);
  const byRelation = new Map<number, ChangeLog>();
  let seq = 0;
  let changes = 0;
  let messages = 0;
  let end = start;
  let isMerged = false;
  const take = (message: Message): void => {
    switch (message.kind) {
      case "begin":
        // A slot that was not advanced, or that a failover set back, shows merged transactions again.
        isMerged = message.commit < start;
        return;
      case "commit":
        end = laterOf(end, message.end);
        return;
      case "relation": {
        const log = logs.find((each) => each.shows(message.relation));
        byRelation.delete(message.relation.id); // a table may have had the name of another one before
        if (!log) return;
        log.describe(message.relation);
        byRelation.set(message.relation.id, log);
        return;
      }
      case "truncate":
        seq += 2;
        if (!isMerged) for (const relation of message.relations) byRelation.get(relation)?.truncate(seq);
        changes++;
        return;
      case "insert":
      case "update":
      case "delete": {
        const log = byRelation.get(message.relation);
        if (!log || isMerged) return;
        seq += 2; // an UPDATE of the key is two changes
        changes++;
        if (message.kind === "insert") log.insert(seq, message.row);
        else if (message.kind === "update") log.update(seq, message.old, message.row);
        else log.delete(seq, message.old);
      }
    }
  };

  const reading = source.query(
    new CopyOut(
      `COPY (SELECT data FROM pg_logical_slot_peek_binary_changes(${quoteLiteral(state.slot)}, '${renderLsn(upTo)}', ${most},
         'proto_version', '1', 'publication_names', ${quoteLiteral(`"${state.publication.replaceAll('"', '""')}"`)})) TO STDOUT (FORMAT binary)`,
    ),
  );
  for await (const fields of copiedFields(reading)) {
    for (const field of fields) take(parseMessage(field));
    messages += fields.length;
    decoding.advance(fields.length);
    for (const log of logs) if (log.isFull) await log.flush(merge);
  }
  for (const log of logs) await log.flush(merge);
  const isPart = messages >= most;
  return { lsn: isPart ? end : laterOf(end, upTo), changes, isPart };
}
