import { z } from "zod";
import type { Files } from "../files";

/** What a change does, from the files of two plans. Every list has labels such as `StatefulSet postgres/postgres`. */
export interface Difference {
  readonly servers: {
    readonly created: readonly string[];
    readonly removed: readonly string[];
    /** Built again, with an empty disk. */
    readonly rebuilt: readonly string[];
    /** Of another type at Hetzner: they are switched off and on. */
    readonly resized: readonly string[];
    /** Whose first boot would be another one. They keep running. */
    readonly outdated: readonly string[];
  };
  /** Workloads whose pods are replaced. */
  readonly restarted: readonly string[];
  readonly created: readonly string[];
  readonly removed: readonly string[];
  /** Changed in place. */
  readonly changed: readonly string[];
  /** The monthly bill before and after; undefined where a plan has none. */
  readonly euros: { readonly before: number; readonly after: number } | undefined;
}

const SERVER = "hcloud:index/server:Server";
const ROLLING = /:(Deployment|StatefulSet|DaemonSet)$/;

const records = z.array(
  z.object({
    urn: z.string(),
    type: z.string(),
    name: z.string(),
    kind: z.string(),
    inputs: z.record(z.string(), z.unknown()).optional(),
    /** Path of the object's manifest, in place of the inputs. */
    file: z.string().optional(),
    options: z.object({ replacementTrigger: z.unknown().optional() }).optional(),
  }),
);
type Planned = z.infer<typeof records>[number];

const outputs = z.object({ monthlyCost: z.object({ euros: z.number() }).optional() });

export function differenceOf(before: Files, after: Files): Difference {
  const [former, present] = [plannedIn(before), plannedIn(after)];
  const gone = [...former.values()].filter(({ urn }) => !present.has(urn));
  const fresh = [...present.values()].filter(({ urn }) => !former.has(urn));
  const both = [...present.values()].flatMap((now) => {
    const then = former.get(now.urn);
    return then ? [{ then, now }] : [];
  });
  const servers = both.filter(({ now }) => now.type === SERVER);
  const rebuilt = servers.filter(({ then, now }) => differs(triggerOf(then), triggerOf(now)));
  const isRebuilt = (urn: string) => rebuilt.some(({ now }) => now.urn === urn);
  const altered = both.filter(
    ({ then, now }) => now.type !== SERVER && differs(contentOf(then, before), contentOf(now, after)),
  );
  const restarts = altered.filter(
    ({ then, now }) =>
      ROLLING.test(now.type) && podsOf(contentOf(then, before)) !== podsOf(contentOf(now, after)),
  );
  const isServer = ({ type }: Planned) => type === SERVER;
  return {
    servers: {
      created: names(fresh.filter(isServer)),
      removed: names(gone.filter(isServer)),
      rebuilt: names(rebuilt.map(({ now }) => now)),
      resized: names(
        servers
          .filter(({ then, now }) => differs(then.inputs?.serverType, now.inputs?.serverType))
          .map(({ now }) => now),
      ),
      outdated: names(
        servers
          .filter(({ now }) => !isRebuilt(now.urn))
          .filter(({ now }) => bootOf(now, before) !== bootOf(now, after))
          .map(({ now }) => now),
      ),
    },
    restarted: labels(restarts.map(({ now }) => now)),
    created: labels(fresh.filter((each) => !isServer(each))),
    removed: labels(gone.filter((each) => !isServer(each))),
    changed: labels(altered.filter((each) => !restarts.includes(each)).map(({ now }) => now)),
    euros: eurosOf(before, after),
  };
}

/** Whether two plans are the same. */
export const isSame = ({ servers, euros, ...others }: Difference): boolean =>
  [...Object.values(servers), ...Object.values(others)].every((list) => list.length === 0) &&
  euros?.before === euros?.after;

/** The resources that the engine creates, by URN. Components only group them. */
function plannedIn(files: Files): Map<string, Planned> {
  const all = records.parse(JSON.parse(files.get("resources.json") ?? "[]"));
  return new Map(all.filter(({ kind }) => kind === "custom").map((each) => [each.urn, each]));
}

const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
const triggerOf = ({ options }: Planned) => options?.replacementTrigger;
const contentOf = ({ file, inputs }: Planned, files: Files) =>
  file === undefined ? JSON.stringify(inputs) : (files.get(file) ?? "");

/** The pod template of a manifest in YAML: what changes above it, such as replicas, restarts no pod. */
const podsOf = (manifest: string) => /^ {2}template:\n(?: {3,}.*\n|\n)*/m.exec(manifest)?.[0] ?? manifest;

/** All files of a server's first boot. */
function bootOf({ inputs, name }: Planned, files: Files): string {
  const folder = `servers/${String(inputs?.name ?? name)}/`;
  const own = [...files].filter(([path]) => path.startsWith(folder));
  return JSON.stringify(own.sort(([one], [other]) => (one < other ? -1 : 1))); // a folder lists in another order
}

const names = (servers: readonly Planned[]) =>
  servers.map(({ inputs, name }) => String(inputs?.name ?? name)).sort();

/** `StatefulSet postgres/postgres` from the path of the manifest, or the type and name of the resource. */
function labels(resources: readonly Planned[]): string[] {
  const all = resources.map(({ type, name, file }) => {
    const kind = type.split(":").at(-1) ?? type;
    const [, namespace, object] = /^kubernetes\/([^/]+)\/[^-]+-(.+)\.yaml$/.exec(file ?? "") ?? [];
    if (object === undefined) return `${kind} ${name}`;
    return namespace === "_cluster" ? `${kind} ${object}` : `${kind} ${namespace}/${object}`;
  });
  return [...new Set(all)].sort();
}

function eurosOf(before: Files, after: Files): Difference["euros"] {
  const [then, now] = [before, after].map(
    (files) => outputs.parse(JSON.parse(files.get("outputs.json") ?? "{}")).monthlyCost?.euros,
  );
  return then === undefined || now === undefined ? undefined : { before: then, after: now };
}
