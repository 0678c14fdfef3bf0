import { z } from "zod";
import { type KubernetesAccess, KubernetesApi, refusalOf } from "../../shared";
import { type Item, KINDS, type Kind } from "./kubernetes-objects";
import { asking, Shared, Unanswered } from "./unanswered";

const WHO = "the Kubernetes API";
const PAGE = 500;
const page = z.object({
  items: z.array(z.unknown()),
  metadata: z.object({ continue: z.string().optional() }).prefault({}),
});

/** Lists of Kubernetes' objects, each read once. */
export class KubernetesReader {
  readonly #api: KubernetesApi | undefined;
  readonly #signal: AbortSignal;
  readonly #shared = new Shared();

  constructor(access: KubernetesAccess | undefined, signal: AbortSignal) {
    this.#api = access && new KubernetesApi(access);
    this.#signal = signal;
  }

  /** The objects of all namespaces; undefined where the cluster does not have the kind. */
  list<K extends Kind>(kind: K): Promise<Item<K>[] | undefined> {
    return this.#shared.once(kind, () => asking(WHO, () => this.#list(kind)));
  }

  /** The same for a kind that every cluster has. */
  async all<K extends Kind>(kind: K): Promise<Item<K>[]> {
    const items = await this.list(kind);
    if (!items) throw new Unanswered(WHO, `it does not have ${KINDS[kind].path}`);
    return items;
  }

  /** The status of a GET request. */
  status(path: string): Promise<number> {
    return this.#shared.once(path, () => asking(WHO, async () => (await this.#get(path)).status));
  }

  close(): void {
    this.#api?.close();
  }

  async #list<K extends Kind>(kind: K): Promise<Item<K>[] | undefined> {
    const { path, item } = KINDS[kind];
    const found: Item<K>[] = [];
    for (let next = ""; ; ) {
      const answer = await this.#get(
        `${path}?limit=${PAGE}${next && `&continue=${encodeURIComponent(next)}`}`,
      );
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new Unanswered(WHO, refusalOf(answer));
      const { items, metadata } = page.parse(JSON.parse(answer.body));
      // Safe: the schema is that of the kind.
      found.push(...items.map((each) => item.parse(each) as Item<K>));
      next = metadata.continue ?? "";
      if (next === "") return found;
    }
  }

  #get(path: string) {
    if (!this.#api) throw new Unanswered(WHO, "this process is not in a pod, and KUBERNETES_API is not set");
    return this.#api.request("GET", path, { signal: this.#signal });
  }
}
