import { request } from "node:https";
import { parse } from "yaml";
import { isObject, type Properties } from "./wire";

/** An object by its names. */
interface Named {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly warnings: readonly string[];
}

/** Applies objects as the real provider does: server-side, under its name, with strict validation. */
const MANNER = "fieldManager=pulumi-kubernetes&fieldValidation=Strict";

/** As much of a client of Kubernetes as a provider needs. */
export class KubernetesClient {
  readonly #server: string;
  readonly #tls: { readonly ca: Buffer; readonly cert: Buffer; readonly key: Buffer };
  readonly #resources = new Map<
    string,
    Promise<ReadonlyMap<string, { plural: string; namespaced: boolean }>>
  >();

  constructor(kubeconfig: string) {
    const { clusters, users } = parse(kubeconfig); // our own rendering: one cluster, one user
    const decoded = (text: string) => Buffer.from(text, "base64");
    this.#server = clusters[0].cluster.server;
    this.#tls = {
      ca: decoded(clusters[0].cluster["certificate-authority-data"]),
      cert: decoded(users[0].user["client-certificate-data"]),
      key: decoded(users[0].user["client-key-data"]),
    };
  }

  /** Throws what the API refuses, and also what it takes with a warning. */
  async apply(object: Properties): Promise<void> {
    const { path, what } = await this.#pathOf(object);
    const { status, body, warnings } = await this.#call("PATCH", `${path}?${MANNER}`, object);
    if (status >= 300)
      throw new Error(`${what} was not taken by the Kubernetes API server: ${body.message ?? status}`);
    if (warnings.length > 0) throw new Error(`${what} was taken with a warning: ${warnings.join("; ")}`);
  }

  /** The object as it is; undefined where there is none of its name. */
  async read(object: Properties): Promise<Properties | undefined> {
    const { path, what } = await this.#pathOf(object);
    const { status, body } = await this.#call("GET", path);
    if (status >= 300 && status !== 404) throw new Error(`${what} cannot be read: ${body.message ?? status}`);
    return status < 300 ? body : undefined;
  }

  async exists(object: Properties): Promise<boolean> {
    return (await this.read(object)) !== undefined;
  }

  /** What the API answers at a path: an object, or under `message` the text that is none, such as a log. */
  async get(path: string): Promise<Properties> {
    return (await this.#call("GET", path)).body;
  }

  async remove(object: Properties): Promise<void> {
    const { path, what } = await this.#pathOf(object);
    const { status, body } = await this.#call("DELETE", `${path}?propagationPolicy=Background`);
    if (status >= 300 && status !== 404)
      throw new Error(`${what} cannot be deleted: ${body.message ?? status}`);
  }

  async #pathOf(object: Properties): Promise<{ path: string; what: string }> {
    if (!isNamed(object)) throw new Error("an object of Kubernetes has an apiVersion, a kind and a name");
    const { apiVersion, kind, metadata } = object;
    const base = `/${apiVersion.includes("/") ? "apis" : "api"}/${apiVersion}`;
    const known = this.#resources.get(base) ?? this.#discover(base);
    this.#resources.set(base, known);
    const resource = (await known).get(kind);
    if (!resource) throw new Error(`the Kubernetes API server knows no ${kind} of ${apiVersion}`);
    const within = resource.namespaced ? `/namespaces/${metadata.namespace ?? "default"}` : "";
    return { path: `${base}${within}/${resource.plural}/${metadata.name}`, what: `${kind} ${metadata.name}` };
  }

  async #discover(base: string) {
    const { body } = await this.#call("GET", base);
    const resources = (body.resources ?? []) as { name: string; kind: string; namespaced: boolean }[]; // as every API answers
    return new Map(
      resources
        .filter(({ name }) => !name.includes("/"))
        .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }] as const),
    );
  }

  #call(method: string, path: string, object?: Properties): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = object ? { "content-type": "application/apply-patch+yaml" } : {}; // which JSON is
      const call = request(new URL(path, this.#server), { method, headers, ...this.#tls }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        response.on("end", () => {
          const { warning = [], "content-type": [type = ""] = [] } = response.headersDistinct;
          const body = type.startsWith("application/json") ? JSON.parse(text) : { message: text };
          resolve({ status: response.statusCode ?? 0, body, warnings: warning });
        });
      });
      call.on("error", reject);
      call.end(object && JSON.stringify(object));
    });
  }
}

function isNamed(object: unknown): object is Named {
  if (!isObject(object) || !isObject(object.metadata)) return false;
  return [object.apiVersion, object.kind, object.metadata.name].every((each) => typeof each === "string");
}

/** Who only looks. */
export type KubernetesReader = Pick<KubernetesClient, "get" | "read">;
