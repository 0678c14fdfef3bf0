import { judgeSupport } from "../../components/shared/support-window";
import { versions } from "../../components/shared/versions";
import type { Running } from "./running";
import { type Limit, type PinName, WAYS } from "./ways";

/** One pin against what runs. */
export interface Comparison {
  readonly name: PinName;
  readonly runs: readonly string[];
  readonly wanted: string;
  /** `absent`: nothing of it runs in the cluster, or only programs that the cluster does not show. */
  readonly outcome: "same" | "changes" | "refused" | "absent";
  /** How the version changes; for a refused change, what to do instead. */
  readonly how: string;
  readonly interrupts: string;
  /** The end of its support, if that is near or past. */
  readonly support?: string;
}

/** Compares all pins with the versions that run. */
export function compare(running: Running, today: Date): Comparison[] {
  // Safe: the keys are those of `versions`.
  return (Object.keys(versions) as PinName[]).map((name): Comparison => {
    const { how, interrupts, limit } = WAYS[name];
    const wanted: string = versions[name].version;
    const runs = running[name];
    const { ended, warnings } = judgeSupport({ [name]: versions[name] }, today);
    const [support] = [...ended, ...warnings];
    const common = { name, runs, wanted, interrupts, ...(support !== undefined && { support }) };
    if (runs.length === 0) return { ...common, outcome: "absent", how };
    const others = runs.filter((version) => version !== wanted);
    if (others.length === 0) return { ...common, outcome: "same", how };
    const refusal = limit && others.map((version) => refusalOf(limit, version, wanted)).find(Boolean);
    return refusal ? { ...common, outcome: "refused", how: refusal } : { ...common, outcome: "changes", how };
  });
}

/** Why a step is not possible, and what to do instead. */
function refusalOf(limit: Limit, from: string, to: string): string | undefined {
  const [old, fresh] = [partsOf(from), partsOf(to)];
  const step = fresh.minor - old.minor;
  switch (limit) {
    case "same-major":
      return old.major === fresh.major
        ? undefined
        : "another major version has another data format: pg_upgrade moves it, with a rehearsal and a way back (docs/runbooks/postgres-upgrade.md)";
    case "no-older-minor":
      return old.major === fresh.major && step >= 0
        ? undefined
        : "an older minor version cannot read the data: restore a snapshot (docs/upgrade.md#roll-back)";
    case "one-minor-forward":
      if (old.major !== fresh.major || step > 1)
        return `one minor version at a time: deploy a pin of ${old.major}.${old.minor + 1} first`;
      return step < 0
        ? "an older minor version cannot read the cluster's objects: only a patch release can be taken back (docs/upgrade.md#roll-back)"
        : undefined;
  }
}

function partsOf(version: string): { readonly major: number; readonly minor: number } {
  const [, major = "0", minor = "0"] = /^v?(\d+)(?:\.(\d+))?/.exec(version) ?? [];
  return { major: Number(major), minor: Number(minor) };
}
