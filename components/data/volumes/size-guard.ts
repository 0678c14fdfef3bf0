import * as pulumi from "@pulumi/pulumi";
import { UserError } from "../../shared/user-error";

export interface SizeGuardArgs {
  /** The setting that the sizes come from, such as `postgres.volumeGib`. */
  readonly setting: string;
  /** Whether volumes of this class can grow; undefined where nobody knows before it is tried. */
  readonly grows: boolean | undefined;
}

/**
 * Compares the sizes of the last deployment with those of this one, in each preview and update. It refuses lower sizes, and
 * says what to do where volumes cannot grow: Kubernetes would keep the old sizes, and nobody would notice.
 */
export function sizeGuard(name: string, args: SizeGuardArgs): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    name,
    ({ oldInputs, newInputs }) => {
      const change = sizeChange(sizesIn(oldInputs), sizesIn(newInputs), args);
      if (change?.refused) throw new UserError(change.message);
      if (change) pulumi.log.warn(change.message);
    },
    { onDryRun: true },
  );
}

type Sizes = Readonly<Record<string, number>>;

interface SizeChange {
  readonly refused: boolean;
  readonly message: string;
}

/** What has to be said about a change of sizes; undefined where the change simply happens. */
export function sizeChange(
  before: Sizes,
  after: Sizes,
  { setting, grows }: SizeGuardArgs,
): SizeChange | undefined {
  const changed = Object.entries(after).filter(
    ([name, gib]) => before[name] !== undefined && before[name] !== gib,
  );
  const [lowered] = changed.filter(([name, gib]) => gib < (before[name] ?? 0));
  if (lowered) {
    const [name, gib] = lowered;
    return {
      refused: true,
      message: `${setting}: the volume ${name} has ${before[name]} GiB and would have ${gib} GiB, and volumes never shrink. Raise it again, or move the data to new volumes (docs/runbooks/grow-volumes.md)`,
    };
  }
  if (changed.length === 0 || grows === true) return undefined;
  const names = changed.map(([name]) => name).join(", ");
  return {
    refused: false,
    message:
      grows === false
        ? `${setting}: ${names} keep their size, because volumes of local-path cannot grow; only new members get more. They are folders on the server's disk, so what is full is that disk: replace the servers by larger ones, or choose a class that can grow (docs/runbooks/grow-volumes.md)`
        : `${setting}: ${names} grow if their storage class allows it; the log of the Job says which did not (docs/runbooks/grow-volumes.md)`,
  };
}

function sizesIn(inputs: unknown): Sizes {
  // Safe: the inputs are those of the ConfigMap below, whose data hold nothing but sizes by claim.
  const data = (inputs as { data?: Readonly<Record<string, unknown>> } | undefined)?.data ?? {};
  const text = data[SIZES_FILE];
  return typeof text === "string" ? (JSON.parse(text) as Sizes) : {};
}

/** The file in the ConfigMap. */
export const SIZES_FILE = "volumes.json";
