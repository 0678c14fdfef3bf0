import { randomBytes } from "node:crypto";
import type { Provider } from "@pulumi/pulumi/provider";
import type { Cloud, Held, Operation } from "./cloud";
import { at, canonical, nameOf, type Properties, plainProperties, typeOf } from "./wire";

/** How a stand-in treats the resources of one type. Inputs come without marks of secrets. */
export interface ResourceKind {
  /** Inputs (by dotted path) whose change the real provider answers with a replacement. */
  readonly replacedBy:
    | readonly string[]
    | "every input"
    | ((inputs: Properties, configuration: ReadonlyMap<string, unknown>) => readonly string[]);
  /** The input that is the resource's name, invented where the program gives none, as real providers do. */
  readonly nameInput?: string;
  /** Its id; a number of its own where it has no other. */
  readonly id?: (inputs: Properties, outputs: Properties, cloud: Cloud) => string;
  /** What the real provider adds to the inputs. */
  readonly outputs?: (made: Making) => Properties | Promise<Properties>;
  /** Why the real API would not make or change this; nothing where it would. */
  readonly refusal?: (making: Making) => string | undefined;
  /** Whether the real provider, so configured, takes what it cannot read or delete by this error as gone. */
  readonly forgets?: (error: Error, configuration: ReadonlyMap<string, unknown>) => boolean;
  /** Whether it is still there, as the real API sees it. Default: as long as nobody took it out of the cloud. */
  readonly exists?: (inputs: Properties, cloud: Cloud) => Promise<boolean>;
  /** What a deletion does beyond the cloud itself. */
  readonly remove?: (inputs: Properties, cloud: Cloud) => Promise<void>;
  /** Why the real API would not delete this. */
  readonly deleteRefusal?: (inputs: Properties) => string | undefined;
}

export interface Making {
  readonly type: string;
  readonly inputs: Properties;
  /** A number of its own; that of the existing resource where one is changed. */
  readonly number: number;
  readonly cloud: Cloud;
  /** The id of the existing resource where one is changed. */
  readonly changes?: string;
}

/** What a provider's functions answer; undefined for one that it does not have. */
export type Functions = (token: string, args: Properties, cloud: Cloud) => Properties | undefined;

/** The key under which a stand-in keeps the inputs among the outputs, as the real Kubernetes provider does. */
const INPUTS = "__inputs";
const NUMBER = "__number";

/** The id that a real provider gives to all that it keeps nowhere. */
export const NO_ID = "none";

/** Under which a cloud holds it. */
const keyOf = (id: string, number: number) => (id === NO_ID ? `${id}-${number}` : id);

/**
 * A provider that behaves like the real one as far as the engine and the program can see: it compares inputs, replaces
 * what the real one would replace, keeps what it made, and refuses what the real one would refuse.
 */
export function standIn(
  version: string,
  cloud: Cloud,
  kindOf: (type: string) => ResourceKind | undefined,
  functions: Functions = () => undefined,
): Provider {
  const kind = (type: string): ResourceKind => {
    const known = kindOf(type);
    if (!known) throw new Error(`the stand-in does not know resources of type ${type}`);
    return known;
  };
  const meetFaults = (operation: Operation, urn: string, inputs: Properties) =>
    cloud.meetFaults(operation, typeOf(urn), inputs);

  return {
    version,

    async check(urn, olds: Properties, news: Properties) {
      const { nameInput } = kind(typeOf(urn));
      if (!nameInput || at(news, nameInput) !== undefined) return { inputs: news };
      const name = at(olds, nameInput) ?? `${nameOf(urn)}-${randomBytes(4).toString("hex").slice(1)}`;
      return { inputs: withPath(news, nameInput, name) };
    },

    async diff(_id, urn, olds: Properties, news: Properties) {
      const { replacedBy, nameInput } = kind(typeOf(urn));
      const before = inputsIn(olds);
      const after = plainProperties(news);
      const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
        (key) => canonical(before[key]) !== canonical(after[key]),
      );
      const differing = (paths: readonly string[]) =>
        paths.filter((path) => canonical(at(before, path)) !== canonical(at(after, path)));
      const replaces =
        replacedBy === "every input"
          ? changed
          : differing(typeof replacedBy === "function" ? replacedBy(after, cloud.configuration) : replacedBy);
      // Two resources cannot have one name, so the old one goes first where the name stays.
      const keepsName = nameInput !== undefined && at(before, nameInput) === at(after, nameInput);
      return { changes: changed.length > 0, replaces, deleteBeforeReplace: keepsName };
    },

    async create(urn, news: Properties) {
      meetFaults("create", urn, news);
      const type = typeOf(urn);
      const { id: idOf, outputs, refusal } = kind(type);
      const number = cloud.nextId();
      const inputs = plainProperties(news);
      const making = { type, inputs, number, cloud };
      refuse(refusal?.(making));
      const outs = { ...news, ...(await outputs?.(making)), [INPUTS]: news, [NUMBER]: number };
      const id = idOf?.(inputs, outs, cloud) ?? String(number);
      cloud.put({ id, type, name: nameOf(urn), inputs: news, outputs: outs }, keyOf(id, number));
      return { id, outs };
    },

    async read(id, urn, props: Properties = {}) {
      const { exists, forgets } = kind(typeOf(urn));
      try {
        meetFaults("read", urn, props);
      } catch (error) {
        if (error instanceof Error && forgets?.(error, cloud.configuration)) return { id: "", props: {} };
        throw error;
      }
      if (id === NO_ID) return { id, props, inputs: inputsIn(props) }; // it is in the state alone
      const held = cloud.find(id);
      const gone = held && exists && !(await exists(plainProperties(held.inputs), cloud));
      if (gone) cloud.remove(id);
      return held && !gone ? { id, props: held.outputs, inputs: held.inputs } : { id: "", props: {} };
    },

    async update(id, urn, olds: Properties, news: Properties) {
      meetFaults("update", urn, news);
      const type = typeOf(urn);
      const { outputs, refusal } = kind(type);
      const number = Number(olds[NUMBER]);
      const making = { type, inputs: plainProperties(news), number, cloud, changes: id };
      refuse(refusal?.(making));
      const outs = { ...news, ...(await outputs?.(making)), [INPUTS]: news, [NUMBER]: number };
      cloud.put({ id, type, name: nameOf(urn), inputs: news, outputs: outs }, keyOf(id, number));
      return { outs };
    },

    async delete(id, urn, props: Properties) {
      const { deleteRefusal, forgets, remove } = kind(typeOf(urn));
      try {
        meetFaults("delete", urn, props);
      } catch (error) {
        if (error instanceof Error && forgets?.(error, cloud.configuration)) return;
        throw error;
      }
      refuse(deleteRefusal?.(inputsIn(props)));
      await remove?.(inputsIn(props), cloud);
      cloud.remove(keyOf(id, Number(props[NUMBER])));
    },

    async invoke(token, args: Properties) {
      const outputs = functions(token, plainProperties(args), cloud);
      if (!outputs) throw new Error(`the stand-in does not know the function ${token}`);
      return { outputs };
    },
  };
}

/** Lets a cloud hold a resource that a stand-in made in an earlier run, as the state of that run lists it. */
export function restore(cloud: Cloud, held: Held): void {
  const number = Number(held.outputs[NUMBER]);
  cloud.take(number);
  cloud.put(held, keyOf(held.id, number));
}

function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}

function inputsIn(outputs: Properties): Properties {
  const { [INPUTS]: inputs } = plainProperties(outputs);
  // The stand-in itself wrote them there.
  return (inputs ?? outputs) as Properties;
}

function withPath(properties: Properties, path: string, value: unknown): Properties {
  const [first = "", ...rest] = path.split(".");
  if (rest.length === 0) return { ...properties, [first]: value };
  const inner = (properties[first] ?? {}) as Properties; // a path of a kind leads through objects only
  return { ...properties, [first]: withPath(inner, rest.join("."), value) };
}
