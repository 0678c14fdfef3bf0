/** A request to an S3 store, before it is signed. */
export interface StoreRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE" | "HEAD";
  /** Object key. @default none: the request is for the bucket */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Further headers, with names in lower case; they are signed too. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Offset of the first byte to read. @default 0 */
  readonly from?: number;
  /** Whether long work depends on it: then it waits for the storage as long as the connection allows. @default false */
  readonly patient?: boolean;
  /** Whether the object is known to exist: then a "not found" is retried for a while. @default false */
  readonly promised?: boolean;
}
