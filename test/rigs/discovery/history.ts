import { Conflict, type SliceStore } from "../../../jobs/postgres/discovery/publisher";
import { type EndpointSlice, publishedAnswer } from "../../../jobs/postgres/discovery/slice";
import type { Snapshot } from "../../../jobs/postgres/discovery/snapshot";

/** What happens to a cluster, as etcd's keys show it. */
export type Happening =
  | { readonly kind: "leads"; readonly member: number }
  | { readonly kind: "releases" }
  | { readonly kind: "vanishes" }
  | { readonly kind: "returns"; readonly member: number };

/** etcd's whole history: a snapshot for each revision, from 1 on. */
export function historyOf(happenings: readonly Happening[], clusterId = "1", first = 1): Snapshot[] {
  const history: Snapshot[] = [];
  let entries: Snapshot["entries"] = new Map(
    [0, 1, 2].map((member) => [`members/${name(member)}`, entry(description(member), first)]),
  );
  const next = (
    change: (entries: Map<string, { value: string; createRevision: number; modRevision: number }>) => void,
  ) => {
    const copy = new Map(entries);
    change(copy);
    entries = copy;
    history.push({ clusterId, revision: first + history.length, entries });
  };
  next((all) => all.set("config", entry('{"failsafe_mode":true}', first)));
  for (const happening of happenings) {
    const revision = first + history.length;
    const leader = entries.get("leader")?.value;
    if (happening.kind === "leads") {
      if (leader) next((all) => all.delete("leader"));
      const key = `members/${name(happening.member)}`;
      if (!entries.has(key))
        next((all) => all.set(key, entry(description(happening.member), first + history.length)));
      next((all) => all.set("leader", entry(name(happening.member), first + history.length)));
    } else if (happening.kind === "returns") {
      next((all) =>
        all.set(`members/${name(happening.member)}`, entry(description(happening.member), revision)),
      );
    } else if (leader) {
      if (happening.kind === "vanishes") next((all) => all.delete(`members/${leader}`));
      next((all) => all.delete("leader"));
    }
  }
  return history;
}

const name = (member: number) => `postgres-${member}`;
const description = (member: number) =>
  JSON.stringify({ conn_url: `postgres://10.42.0.${member + 1}:5432/postgres`, state: "running" });
const entry = (value: string, revision: number) => ({
  value,
  createRevision: revision,
  modRevision: revision,
});

/** Kubernetes as far as slices go: versions, conflicts, and a record of all that was ever accepted. */
export class SliceRecord implements SliceStore {
  readonly accepted: EndpointSlice[] = [];
  #current: EndpointSlice | undefined;

  async read(): Promise<EndpointSlice | undefined> {
    return structuredClone(this.#current);
  }

  async write(slice: EndpointSlice): Promise<EndpointSlice> {
    if (slice.metadata.resourceVersion !== this.#current?.metadata.resourceVersion)
      throw new Conflict("late");
    this.#current = structuredClone({
      ...slice,
      metadata: { ...slice.metadata, resourceVersion: String(this.accepted.length + 1) },
    });
    this.accepted.push(this.#current);
    return structuredClone(this.#current);
  }

  get answers() {
    return this.accepted.map(publishedAnswer);
  }
}
