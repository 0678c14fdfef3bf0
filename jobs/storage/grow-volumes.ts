import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import {
  type Context,
  JobError,
  type KubernetesAccess,
  KubernetesApi,
  type Outcome,
  refusalOf,
} from "../shared";

/** The claims of StatefulSets by name, and the GiB that the settings want for each. */
export const volumeSizes = z.record(z.string(), z.int().min(1));

interface GrowVolumesConfig {
  readonly kubernetes: KubernetesAccess;
  readonly namespace: string;
  readonly volumes: z.output<typeof volumeSizes>;
  /** How long to wait until the grown volumes have their new size. */
  readonly patienceMs: number;
}

const LOOK_EVERY_MS = 2_000;
const GIB = 2 ** 30;

const claim = z.looseObject({
  spec: z.looseObject({
    storageClassName: z.string().optional(),
    resources: z.object({ requests: z.object({ storage: z.string() }) }),
  }),
  status: z.looseObject({ capacity: z.looseObject({ storage: z.string() }).optional() }).optional(),
});

type Claim = z.output<typeof claim>;

/**
 * Grows claims to the wanted sizes, where their class can. A StatefulSet's own template cannot be changed, so a claim that
 * is made anew has the template's size until this runs again. Volumes never shrink.
 */
export async function growVolumes(
  { kubernetes, namespace, volumes, patienceMs }: GrowVolumesConfig,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<Outcome> {
  const api = new KubernetesApi(kubernetes);
  const claims = new Claims(api, namespace, signal);
  const growing: { readonly name: string; readonly gib: number }[] = [];
  try {
    for (const [name, gib] of Object.entries(volumes)) {
      const found = await claims.read(name);
      if (!found) {
        log.info({ claim: name }, `${name} does not exist yet: its member will make it`);
        continue;
      }
      const has = bytesOf(found.spec.resources.requests.storage) / GIB;
      if (has > gib) {
        log.warn({ claim: name, has, wanted: gib }, `${name} keeps its ${has} GiB: volumes never shrink`);
      } else if (has < gib) {
        const refusal = await claims.grow(name, gib);
        if (refusal === undefined) growing.push({ name, gib });
        else log.warn({ claim: name, has, wanted: gib }, cannotGrow(name, found, refusal));
      }
    }
    await untilGrown(growing, claims, { patienceMs, log, signal });
    return "done";
  } finally {
    api.close();
  }
}

/** The claims of one namespace. */
class Claims {
  readonly #api: KubernetesApi;
  readonly #folder: string;
  readonly #signal: AbortSignal;

  constructor(api: KubernetesApi, namespace: string, signal: AbortSignal) {
    this.#api = api;
    this.#folder = `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;
    this.#signal = signal;
  }

  async read(name: string): Promise<Claim | undefined> {
    const answer = await this.#api.request("GET", `${this.#folder}/${name}`, { signal: this.#signal });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new JobError(`the claim ${name} cannot be read: ${refusalOf(answer)}`);
    return claim.parse(JSON.parse(answer.body));
  }

  /** Returns why the API server refuses it; undefined where it does not. */
  async grow(name: string, gib: number): Promise<string | undefined> {
    const answer = await this.#api.request("PATCH", `${this.#folder}/${name}`, {
      content: { spec: { resources: { requests: { storage: `${gib}Gi` } } } },
      contentType: "application/merge-patch+json",
      signal: this.#signal,
    });
    if (answer.status === 200) return undefined;
    const refusal = refusalOf(answer);
    // A class that cannot grow volumes, or a quota of the namespace; anything else is a fault of ours.
    if (/resize|exceeded quota/.test(refusal)) return refusal;
    throw new JobError(`the claim ${name} cannot be changed: ${refusal}`);
  }
}

async function untilGrown(
  growing: readonly { readonly name: string; readonly gib: number }[],
  claims: Claims,
  { patienceMs, log, signal }: Pick<Context, "log" | "signal"> & { readonly patienceMs: number },
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (const { name, gib } of growing) {
    log.info({ claim: name, gib }, `${name} grows to ${gib} GiB`);
    for (;;) {
      const has = bytesOf((await claims.read(name))?.status?.capacity?.storage ?? "0") / GIB;
      if (has >= gib) break;
      if (Date.now() > deadline) {
        throw new JobError(
          `${name} still has ${has} of ${gib} GiB; kubectl -n <namespace> describe pvc ${name} says what it waits for`,
        );
      }
      await wait(LOOK_EVERY_MS, undefined, { signal });
    }
    log.info({ claim: name, gib }, `${name} has ${gib} GiB`);
  }
}

const cannotGrow = (name: string, { spec }: Claim, refusal: string) =>
  `${name} cannot grow: ${refusal}. Its class is ${spec.storageClassName ?? "the cluster's default"}; what to do: docs/runbooks/grow-volumes.md`;

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: GIB,
  Ti: 2 ** 40,
};

/** The bytes of a quantity as Kubernetes writes it: 10Gi, 10737418240. */
function bytesOf(quantity: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const factor = UNITS[unit];
  if (number === "" || factor === undefined)
    throw new Error(`${quantity} is no size that this program knows`);
  return Number(number) * factor;
}
