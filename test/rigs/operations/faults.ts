import type { Outcome } from "../../../jobs/operations/checks";
import type { Report } from "../../../jobs/operations/run";
import { POSTGRES_FAULTS, SYSTEM_FAULTS } from "./data-faults";
import type { Fault } from "./fault";
import { KUBERNETES_FAULTS } from "./kubernetes-faults";
import {
  APPLICATION_FAULTS,
  BACKUP_FAULTS,
  ETCD_FAULTS,
  OBJECT_FAULTS,
  PROMETHEUS_FAULTS,
} from "./other-faults";
import type { OperationsRig } from "./programs";

/** Every fault that is injected into the platform of real programs. */
export const FAULTS: readonly Fault[] = [
  ...KUBERNETES_FAULTS,
  ...POSTGRES_FAULTS,
  ...SYSTEM_FAULTS,
  ...OBJECT_FAULTS,
  ...BACKUP_FAULTS,
  ...PROMETHEUS_FAULTS,
  ...APPLICATION_FAULTS,
  ...ETCD_FAULTS,
];

/** What the checks find while a fault lasts. */
export async function suffer(rig: OperationsRig, { inject, change }: Fault): Promise<Report> {
  const undo = await inject?.(rig);
  try {
    return await rig.examine(change?.(rig));
  } finally {
    await undo?.();
  }
}

/** The checks that did not pass, with what they found. */
export const ill = ({ checks }: Report): Record<string, readonly [Outcome, string]> =>
  Object.fromEntries(
    checks
      .filter(({ outcome }) => outcome !== "ok")
      .map(({ id, outcome, detail }) => [id, [outcome, detail] as const]),
  );

/** What no platform of this rig has: its object storage has no certificate. */
export const NOT_HERE = "objects.certificate";

/** Whether exactly the checks that a fault names found it, with the right words. */
export function isSeen({ seen, unknown = [] }: Fault, report: Report): boolean {
  const found = ill(report);
  const expected = [...Object.keys(seen), ...unknown, NOT_HERE].sort();
  return (
    JSON.stringify(Object.keys(found).sort()) === JSON.stringify(expected) &&
    Object.entries(seen).every(([id, [outcome, words]]) => {
      const [given, detail] = found[id] ?? [];
      return given === outcome && words.test(detail ?? "");
    }) &&
    unknown.every((id) => found[id]?.[0] === "not checked")
  );
}
