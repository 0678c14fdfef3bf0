import { request } from "node:https";
import type { KeyPair } from "../pki/certificates";

interface GatewayAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A client of etcd's JSON gateway, which is how Patroni speaks to etcd. */
export class EtcdGateway {
  #token: string | undefined;
  readonly #address: string;
  readonly #authority: string;
  readonly #client: KeyPair;

  constructor(address: string, authority: string, client: KeyPair) {
    this.#address = address;
    this.#authority = authority;
    this.#client = client;
  }

  async logIn(name: string, password: string): Promise<GatewayAnswer> {
    const answer = await this.call("auth/authenticate", { name, password });
    this.#token = typeof answer.body.token === "string" ? answer.body.token : undefined;
    return answer;
  }

  get(key: string, end?: string): Promise<GatewayAnswer> {
    return this.call("kv/range", { key: base64(key), ...(end && { range_end: base64(end) }) });
  }

  put(key: string, value: string, lease?: string): Promise<GatewayAnswer> {
    return this.call("kv/put", { key: base64(key), value: base64(value), ...(lease && { lease }) });
  }

  /** The first answer to a watch, which says whether it is allowed; the watch ends with it. */
  watch(key: string, end: string): Promise<GatewayAnswer> {
    return this.call("watch", { create_request: { key: base64(key), range_end: base64(end) } }, true);
  }

  call(method: string, fields: object, firstLineOnly = false): Promise<GatewayAnswer> {
    return new Promise((resolve, reject) => {
      const call = request(
        {
          host: this.#address,
          port: 2379,
          path: `/v3/${method}`,
          method: "POST",
          ca: this.#authority,
          cert: this.#client.cert,
          key: this.#client.key,
          agent: false,
          timeout: 20_000,
          headers: this.#token ? { Authorization: this.#token } : {},
        },
        async (response) => {
          const chunks: Buffer[] = [];
          for await (const chunk of response) {
            chunks.push(chunk);
            if (firstLineOnly && chunk.includes("\n")) break;
          }
          resolve({ status: response.statusCode ?? 0, body: jsonOf(Buffer.concat(chunks).toString()) });
        },
      );
      call.once("error", reject);
      call.once("timeout", () => call.destroy(new Error(`no answer to ${method} within 20 s`)));
      call.end(JSON.stringify(fields));
    });
  }
}

export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** The gateway refuses in JSON, but for certificates: those it refuses in plain text. */
function jsonOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.trim() };
  }
}
