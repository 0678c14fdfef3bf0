import { type KubernetesAccess, KubernetesApi, refusalOf } from "../../shared";
import { Conflict, type SliceStore } from "./publisher";
import { type EndpointSlice, endpointSlice } from "./slice";

export interface SlicesAccess extends KubernetesAccess {
  readonly namespace: string;
}

/** The EndpointSlices of one namespace, through the three kinds of request that the watcher's role allows. */
export class KubernetesSlices implements SliceStore {
  readonly #namespace: string;
  readonly #api: KubernetesApi;

  constructor({ namespace, ...access }: SlicesAccess) {
    this.#namespace = namespace;
    this.#api = new KubernetesApi(access);
  }

  async read(name: string, signal?: AbortSignal): Promise<EndpointSlice | undefined> {
    const answer = await this.#request("GET", `/${name}`, undefined, signal);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refused("read", name, refusalOf(answer));
    return endpointSlice.parse(JSON.parse(answer.body));
  }

  async write(slice: EndpointSlice, signal?: AbortSignal): Promise<EndpointSlice> {
    const { name, resourceVersion } = slice.metadata;
    const answer = resourceVersion
      ? await this.#request("PUT", `/${name}`, slice, signal)
      : await this.#request("POST", "", slice, signal);
    const { status, body } = answer;
    // 404: the slice was deleted after it was read.
    if (status === 409 || status === 404) throw new Conflict(`${name} was changed by somebody else`);
    if (status !== 200 && status !== 201)
      throw refused(resourceVersion ? "write" : "create", name, refusalOf(answer));
    return endpointSlice.parse(JSON.parse(body));
  }

  close(): void {
    this.#api.close();
  }

  #request(method: string, path: string, content: object | undefined, signal: AbortSignal | undefined) {
    const slices = `/apis/discovery.k8s.io/v1/namespaces/${this.#namespace}/endpointslices`;
    return this.#api.request(method, `${slices}${path}?fieldManager=postgres-discovery`, { content, signal });
  }
}

const refused = (verb: string, name: string, why: string) =>
  new Error(`Kubernetes refuses to ${verb} the EndpointSlice ${name}: ${why}`);
