import type { World } from "./identities";
import type { Properties } from "./wire";

/** A resource that needs the answer of its provider. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** Unique among all resources, whatever the parent. */
  readonly urn: string;
  readonly inputs: Properties;
}

/** What a provider would add to the inputs. On a conflict the inputs win, because they are echoed. */
export interface Answer {
  /** The resource's ID. */
  readonly id: string;
  /** Outputs besides the inputs. @default none */
  readonly outputs?: Properties;
  /** The outputs that the provider marks as secret. @default none */
  readonly secrets?: readonly string[];
}

export type StandIn = (resource: Registration, world: World) => Answer;
