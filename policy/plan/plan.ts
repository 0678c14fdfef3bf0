import type { Settings } from "../../components/settings";
import { today } from "../../components/shared/days";
import { type Pin, versions } from "../../components/shared/versions";
import { objectsOf, type PlannedObject } from "./objects";
import type { PlannedResource, PlannedStep } from "./resource";
import { type RenderedFile, type ServerFiles, serverFilesOf } from "./user-data";
import { type Workload, workloadsOf } from "./workloads";

export interface PlanArgs {
  readonly settings: Settings;
  readonly resources: readonly PlannedResource[];
  /** The texts that a plan without the engine recorded. @default none: the user data itself is unpacked */
  readonly rendered?: readonly RenderedFile[];
  /** What a preview would do. @default nothing is known */
  readonly steps?: readonly PlannedStep[];
  /** @default the versions that the program pins */
  readonly pins?: Readonly<Record<string, Pin>>;
  /** The day with which ends of support are compared. @default today */
  readonly day?: Date;
}

/** What the rules judge: the declared resources, and what is derived from them once for all rules. */
export interface Plan extends Required<PlanArgs> {
  readonly objects: readonly PlannedObject[];
  readonly workloads: readonly Workload[];
  /** The files of each server, by the server's URN; without the servers whose user data nobody knows yet. */
  readonly serverFiles: ReadonlyMap<string, ServerFiles>;
}

export function planOf({
  rendered = [],
  steps = [],
  pins = versions,
  day = today(),
  ...given
}: PlanArgs): Plan {
  const serverFiles = serverFilesOf(given.resources, rendered);
  const objects = objectsOf(given.resources, serverFiles);
  return { ...given, rendered, steps, pins, day, objects, workloads: workloadsOf(objects), serverFiles };
}
