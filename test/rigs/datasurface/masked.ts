import { createHmac } from "node:crypto";
import { ecosystemOf, UNGUARDED } from "./datasurface";

/** The key of the transformers in tests. */
export const KEY = "0123456789abcdef0123456789abcdef-a-key-that-is-longer-than-one-block-of-sha256";

/** What the definition of a mask says, by Node's own HMAC. */
export const tokenOf = (value: string, key = KEY) => hmac(key, `token:${value}`);
export const hashOf = (place: string, value: string, key = KEY) => hmac(key, `hash:${place}:${value}`);

const hmac = (key: string, text: string) => createHmac("sha256", key).update(text).digest("hex");

/** Days by which the dates of this person move, from -days to days and never 0. */
export function offsetOf(person: string, days: number, key = KEY): number {
  const number = BigInt(`0x${hmac(key, `shift:${person}`).slice(0, 14)}`);
  const offsets = days + (days % 2);
  return Number(2n * (number % BigInt(offsets))) - (offsets - 1);
}

export interface TransformerSpec {
  readonly name: string;
  readonly from: string;
  readonly kind?: string;
  readonly key?: string;
  readonly team?: string;
  readonly datasets: readonly {
    readonly name: string;
    readonly from?: string;
    readonly columns: Readonly<Record<string, unknown>>;
  }[];
  readonly deletions?: unknown;
}

interface MaskedArgs {
  readonly stores: Parameters<typeof ecosystemOf>[0];
  readonly transformer: TransformerSpec;
  /** Readers of the workspace Consumer1, which reads the stores, and of Masked, which reads the copy. */
  readonly readers?: { readonly original?: readonly string[]; readonly copy?: readonly string[] };
}

/** The model of a transformer, whose copy a workspace of its own reads on both platforms. */
export function maskedModel({ stores, transformer, readers }: MaskedArgs) {
  const { ecosystem, assignments } = ecosystemOf(stores);
  const sinks = transformer.datasets.map(({ name }) => ({ store: transformer.name, dataset: name }));
  const [consumer] = ecosystem.workspaces;
  if (!consumer) throw new Error("the model has a consumer");
  return {
    ecosystem: {
      ...ecosystem,
      transformers: [
        { team: "team1", kind: "mask", trigger: { external: true }, deletions: UNGUARDED, ...transformer },
      ],
      workspaces: [
        { ...consumer, readers: readers?.original ?? [] },
        {
          name: "Masked",
          team: "team1",
          readers: readers?.copy ?? [],
          groups: consumer.groups.map((group) => ({ ...group, sinks })),
        },
      ],
    },
    assignments: assignments.flatMap((each) => [each, { ...each, workspace: "Masked" }]),
  };
}
