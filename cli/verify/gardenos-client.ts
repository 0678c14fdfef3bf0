/** An answer, with the request that it belongs to. */
export interface Received {
  readonly method: string;
  /** Path and query, without host and keys. */
  readonly url: string;
  readonly status: number;
  readonly body: unknown;
}

const PATIENCE_MS = 15_000;

/** A client that sends a key and a token as `@supabase/supabase-js` does. */
export class GardenosClient {
  readonly #base: URL;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: URL, key: string, token = key) {
    this.#base = base;
    this.#headers = { apikey: key, authorization: `Bearer ${token}` };
  }

  get = (path: string) => this.#ask("GET", path);
  post = (path: string, content: object) => this.#ask("POST", path, content);
  delete = (path: string) => this.#ask("DELETE", path);

  async #ask(method: string, path: string, content?: object): Promise<Received> {
    const response = await fetch(new URL(path, this.#base), {
      method,
      headers: { ...this.#headers, ...(content && { "content-type": "application/json" }) },
      signal: AbortSignal.timeout(PATIENCE_MS),
      ...(content && { body: JSON.stringify(content) }),
    }).catch((error: Error) => {
      const cause = error.cause instanceof Error ? error.cause.message : error.message;
      throw new Error(`${method} ${path} was not answered: ${cause}`);
    });
    const text = await response.text();
    return { method, url: path, status: response.status, body: parsed(text) };
  }
}

/** The content of an answer: JSON of the services, or the text of whoever answered in their place. */
function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}
