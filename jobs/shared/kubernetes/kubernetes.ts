import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";
import { readSettings, type Setting, text, variable } from "../command-line";

/** Access to the API server from inside a pod. */
export interface KubernetesAccess {
  /** URL of the API server: https://10.43.0.1:443 */
  readonly server: string;
  /** Folder with `token` and `ca.crt`; both are read for each request, because tokens are renewed in place. */
  readonly serviceAccount: string;
}

/** The API server's limit for a ConfigMap. */
export const CONFIG_MAP_BYTES = 1024 * 1024;

interface KubernetesAnswer {
  readonly status: number;
  readonly body: string;
}

/** After this time without an answer the request counts as lost. */
const TIMEOUT_MS = 5_000;

/** Single requests to the Kubernetes API with the pod's service account. */
export class KubernetesApi {
  readonly #access: KubernetesAccess;
  #connection: { readonly ca: string; readonly agent: Agent } | undefined;

  constructor(access: KubernetesAccess) {
    this.#access = access;
  }

  /** @param contentType The format of the body; a patch has several. */
  request(
    method: string,
    path: string,
    {
      content,
      contentType = "application/json",
      signal,
    }: {
      readonly content?: object | undefined;
      readonly contentType?: string;
      readonly signal?: AbortSignal | undefined;
    } = {},
  ): Promise<KubernetesAnswer> {
    const { server, serviceAccount } = this.#access;
    return new Promise((resolve, reject) => {
      const call = request(
        new URL(path, server),
        {
          method,
          agent: this.#agent(),
          timeout: TIMEOUT_MS,
          headers: {
            authorization: `Bearer ${readFileSync(join(serviceAccount, "token"), "utf8").trim()}`,
            "content-type": contentType,
            accept: "application/json",
          },
          ...(signal && { signal }),
        },
        async (response) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of response) chunks.push(chunk as Buffer); // safe: no encoding is set
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

  close(): void {
    this.#connection?.agent.destroy();
  }

  #agent(): Agent {
    const ca = readFileSync(join(this.#access.serviceAccount, "ca.crt"), "utf8");
    if (this.#connection?.ca !== ca) this.#connection = { ca, agent: new Agent({ keepAlive: true, ca }) };
    return this.#connection.agent;
  }
}

/** The API server's message for a refused request. */
export function refusalOf({ status, body }: KubernetesAnswer): string {
  try {
    return `${status} ${String(JSON.parse(body).message)}`;
  } catch {
    return `${status} ${body.slice(0, 200)}`;
  }
}

const parts = {
  api: variable(
    "KUBERNETES_API",
    "the API server's address; in a pod it is known",
    text("an https address such as https://10.43.0.1:443")
      .refine(
        (given) => URL.canParse(given) && new URL(given).protocol === "https:",
        "allowed: an https address such as https://10.43.0.1:443",
      )
      .optional(),
  ),
  host: variable("KUBERNETES_SERVICE_HOST", "set by Kubernetes", text().optional()),
  port: variable("KUBERNETES_SERVICE_PORT", "set by Kubernetes", text().default("443")),
  serviceAccount: variable(
    "SERVICE_ACCOUNT_FOLDER",
    "folder with the service account's token, ca.crt and namespace",
    text().default("/var/run/secrets/kubernetes.io/serviceaccount"),
  ),
};

/** The access that Kubernetes gives to a pod; undefined outside of a pod unless variables set it. */
export const kubernetesAccess: Setting<KubernetesAccess | undefined> = {
  declares: Object.values(parts).flatMap(({ declares }) => declares),
  read: (inputs) => {
    const { value, problems } = readSettings(parts, inputs);
    if (problems) return { problems };
    const host = value.host?.includes(":") ? `[${value.host}]` : value.host;
    const server = value.api ?? (host && `https://${host}:${value.port}`);
    return { value: server ? { server, serviceAccount: value.serviceAccount } : undefined };
  },
};
