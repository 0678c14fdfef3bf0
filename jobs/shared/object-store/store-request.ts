/** What is asked of the object storage. */
export interface StoreRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** Without a key the request is about the bucket. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Further headers, which the signature leaves out. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Begins to read the object at this byte. */
  readonly from?: number;
  /** Whether a long piece of work depends on it: then it waits for the storage as long as the connection may. */
  readonly patient?: boolean;
  /** Whether it must be there, since what is whole names it: servers that do not find it are asked again for a while. */
  readonly promised?: boolean;
}
