import type { World } from "./identities";
import type { Properties } from "./wire";

/** A resource that asks what its provider would have answered. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Names the resource among all others, whatever its parent. */
  readonly urn: string;
  readonly inputs: Properties;
}

/** What a provider would have answered beside the inputs; those are echoed, and win over anything said here. */
export interface Answer {
  readonly id: string;
  readonly outputs?: Properties;
  /** Outputs that the provider itself marks as secret. */
  readonly secrets?: readonly string[];
}

export type StandIn = (resource: Registration, world: World) => Answer;
