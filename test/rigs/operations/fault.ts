import type { Outcome } from "../../../jobs/operations/checks";
import type { Change, OperationsRig } from "./programs";

/** A fault, and which checks see it. */
export interface Fault {
  readonly name: string;
  /** What exactly these checks find, with the right words; every other check stays as it is. */
  readonly seen: Readonly<Record<string, readonly [Outcome, RegExp]>>;
  /** The checks that cannot be answered while the fault lasts. @default none */
  readonly unknown?: readonly string[];
  /** Changes a program; returns how to undo it. */
  readonly inject?: (rig: OperationsRig) => Promise<() => Promise<void>> | (() => Promise<void>);
  /** Changes what the checks are told. @default nothing */
  readonly change?: (rig: OperationsRig) => Change;
}

/** Undoes nothing but a value. */
export const undo = (action: () => void) => async () => action();
