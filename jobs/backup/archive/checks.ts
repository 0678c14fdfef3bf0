import { z } from "zod";
import { type Context, type GaugeFamily, ObjectStore, type ObjectStoreAddress, reason } from "../../shared";

/** What is tried with a repository on a schedule. */
export const CHECKS = ["verify", "drill"] as const;
export type ArchiveCheck = (typeof CHECKS)[number];

const record = z.object({
  at: z.iso.datetime(),
  seconds: z.number(),
  good: z.boolean(),
  /** What was found, or why it failed. */
  detail: z.string(),
});

export type CheckRecord = z.output<typeof record>;

interface CheckArgs {
  readonly check: ArchiveCheck;
  readonly repository: number;
  /** The folder of the records, beside the first repository. */
  readonly records: ObjectStoreAddress;
}

const keyOf = ({ check, repository }: Pick<CheckArgs, "check" | "repository">) =>
  `${check}-${repository}.json`;

/**
 * Runs a check and records how it ended, also when it failed, for the exporter. A record that cannot be written is only
 * logged: the alert on the age of the last one follows.
 */
export async function recorded(
  args: CheckArgs,
  { log, signal }: Pick<Context, "log" | "signal">,
  work: () => Promise<string>,
): Promise<string> {
  const began = Date.now();
  const write = async (good: boolean, detail: string) => {
    const seconds = Math.round((Date.now() - began) / 1000);
    const content: CheckRecord = {
      at: new Date().toISOString(),
      seconds,
      good,
      detail: detail.slice(0, 4_000),
    };
    const store = new ObjectStore(args.records, signal);
    await store
      .write(keyOf(args), JSON.stringify(content))
      .catch((error: unknown) => log.warn(`the record of this check cannot be written: ${reason(error)}`));
  };
  try {
    const detail = await work();
    await write(true, detail);
    return detail;
  } catch (error) {
    if (!signal.aborted) await write(false, reason(error));
    throw error;
  }
}

/** The last record of each check that has run. */
export async function readRecords(
  records: ObjectStoreAddress,
  repositories: number,
  signal: AbortSignal,
): Promise<readonly { readonly labels: Labels; readonly record: CheckRecord }[]> {
  const store = new ObjectStore(records, signal);
  const found: { labels: Labels; record: CheckRecord }[] = [];
  for (let repository = 1; repository <= repositories; repository++) {
    for (const check of CHECKS) {
      const text = await store.readText(keyOf({ check, repository }));
      if (text !== undefined)
        found.push({ labels: { check, repository }, record: record.parse(JSON.parse(text)) });
    }
  }
  return found;
}

interface Labels {
  readonly check: ArchiveCheck;
  readonly repository: number;
  readonly [label: string]: string | number;
}

export function checkMetrics(
  found: readonly { readonly labels: Labels; readonly record: CheckRecord }[],
): GaugeFamily[] {
  const family = (name: string, help: string, value: (each: CheckRecord) => number): GaugeFamily => ({
    name: `trellis_archive_check_${name}`,
    help,
    samples: found.map(({ labels, record: each }) => ({ labels, value: value(each) })),
  });
  return [
    family("timestamp_seconds", "When the check last ended", ({ at }) => Date.parse(at) / 1000),
    family("good", "Whether the last check found everything well", ({ good }) => Number(good)),
    family("seconds", "How long the last check took", ({ seconds }) => seconds),
  ];
}
