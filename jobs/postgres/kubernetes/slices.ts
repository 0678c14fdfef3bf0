import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { Conflict, type SliceStore } from "../discovery/publisher";
import { type EndpointSlice, endpointSlice } from "../discovery/slice";

/** How the API server is reached from inside of a pod. */
export interface KubernetesAccess {
  /** https://10.43.0.1:443 */
  readonly server: string;
  readonly namespace: string;
  /** Holds `token` and `ca.crt`; both are read anew for each request, since tokens are renewed in place. */
  readonly serviceAccount: string;
}

/** A server that does not answer within this time has lost the request, or might as well have. */
const TIMEOUT_MS = 5_000;

/** The EndpointSlices of one namespace, by the three requests that the watcher's role allows. */
export class KubernetesSlices implements SliceStore {
  readonly #access: KubernetesAccess;
  #connection: { readonly ca: string; readonly agent: Agent } | undefined;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  async read(name: string, signal?: AbortSignal): Promise<EndpointSlice | undefined> {
    const { status, body } = await this.#request("GET", `/${name}`, undefined, signal);
    if (status === 404) return undefined;
    if (status !== 200) throw refusal("read", name, status, body);
    return endpointSlice.parse(JSON.parse(body));
  }

  async write(slice: EndpointSlice, signal?: AbortSignal): Promise<EndpointSlice> {
    const { name, resourceVersion } = slice.metadata;
    const { status, body } = resourceVersion
      ? await this.#request("PUT", `/${name}`, slice, signal)
      : await this.#request("POST", "", slice, signal);
    // 404: somebody has deleted it since it was read.
    if (status === 409 || status === 404) throw new Conflict(`${name} was changed by somebody else`);
    if (status !== 200 && status !== 201)
      throw refusal(resourceVersion ? "write" : "create", name, status, body);
    return endpointSlice.parse(JSON.parse(body));
  }

  close(): void {
    this.#connection?.agent.destroy();
  }

  #request(
    method: string,
    path: string,
    content: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<{ status: number; body: string }> {
    const { server, namespace, serviceAccount } = this.#access;
    const url = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices${path}?fieldManager=postgres-discovery`;
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(url, server),
        {
          method,
          agent: this.#agent(),
          timeout: TIMEOUT_MS,
          headers: {
            authorization: `Bearer ${readFileSync(join(serviceAccount, "token"), "utf8").trim()}`,
            "content-type": "application/json",
            accept: "application/json",
          },
          ...(signal && { signal }),
        },
        async (response) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer);
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
          } catch (error) {
            reject(error);
          }
        },
      );
      call.once("socket", (socket) => socket.setNoDelay(true));
      call.once("timeout", () =>
        call.destroy(new Error(`${server} has not answered within ${TIMEOUT_MS / 1000} s`)),
      );
      call.once("error", reject);
      call.end(content && JSON.stringify(content));
    });
  }

  #agent(): Agent {
    const ca = readFileSync(join(this.#access.serviceAccount, "ca.crt"), "utf8");
    if (this.#connection?.ca !== ca) this.#connection = { ca, agent: new Agent({ keepAlive: true, ca }) };
    return this.#connection.agent;
  }
}

function refusal(verb: string, name: string, status: number, body: string): Error {
  return new Error(`Kubernetes refuses to ${verb} the EndpointSlice ${name}: ${status} ${messageOf(body)}`);
}

function messageOf(body: string): string {
  try {
    return String(JSON.parse(body).message);
  } catch {
    return body.slice(0, 200);
  }
}
