import type { Evaluation } from "../pulumi-monitor";
import { picture } from "./picture";
import { systemsOf } from "./systems";
import { systemsPicture } from "./systems-picture";
import { topologyOf } from "./topology";

/** The pictures of a stack by file name: what runs where, and who talks to whom. */
export function picturesOf(
  evaluation: Evaluation,
  stack: { project: string; stack: string },
): ReadonlyMap<"topology.svg" | "systems.svg", string> {
  return new Map([
    ["topology.svg", picture(topologyOf(evaluation, stack))],
    ["systems.svg", systemsPicture(systemsOf(evaluation, stack))],
  ] as const);
}
