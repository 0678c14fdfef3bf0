import { readSettings, type Setting, text, variable } from "../command-line";

export interface ObjectStoreAddress {
  /** Such as https://minio-api.storage.svc.cluster.local:9000; NODE_EXTRA_CA_CERTS adds a private CA. */
  readonly endpoint: string;
  /** The region in the signature of each request. */
  readonly region: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** Access key id. */
  readonly accessKey: string;
  /** Secret access key; it signs the requests and is never sent. */
  readonly secretKey: string;
  /** Prefix of every key where the bucket is shared: "prod/". @default none */
  readonly prefix?: string | undefined;
}

const endpoint = text("an http or https address").refine(
  (given) => /^https?:\/\/[^/]+\/?$/.test(given) && URL.canParse(given),
  "allowed: an address such as https://minio:9000, without a path",
);

/** S3's rule for names that every client can address. */
const bucket = text().regex(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "allowed: 3 to 63 of a-z, 0-9, dot and dash",
);

const keyPrefix = text().regex(
  /^([a-z0-9][a-z0-9.-]*\/)+$/,
  "allowed: folders that end in a slash, such as prod/",
);

/**
 * One bucket of an S3 server from the environment: `<prefix>_ENDPOINT`, `_REGION`, `_BUCKET`, the two keys, and
 * `_PREFIX` where the bucket is shared with others.
 */
export function objectStore(prefix: string, whose: string): Setting<ObjectStoreAddress> {
  const parts = {
    endpoint: variable(`${prefix}_ENDPOINT`, `${whose}: address of the S3 server`, endpoint),
    region: variable(`${prefix}_REGION`, `${whose}: region`, text().default("us-east-1")),
    bucket: variable(`${prefix}_BUCKET`, `${whose}: bucket`, bucket),
    accessKey: variable(`${prefix}_ACCESS_KEY_ID`, `${whose}: access key`, text(), { secret: true }),
    prefix: variable(`${prefix}_PREFIX`, `${whose}: what all keys begin with`, keyPrefix.optional()),
    secretKey: variable(`${prefix}_SECRET_ACCESS_KEY`, `${whose}: secret key`, text(), { secret: true }),
  };
  return {
    declares: Object.values(parts).flatMap(({ declares }) => declares),
    read: (inputs) => readSettings(parts, inputs),
  };
}

/** The same where a job can do without: undefined where the environment has no `<prefix>_ENDPOINT`. */
export function optionalObjectStore(prefix: string, whose: string): Setting<ObjectStoreAddress | undefined> {
  const store = objectStore(prefix, whose);
  return {
    declares: store.declares,
    read: (inputs) => (inputs.environment[`${prefix}_ENDPOINT`] ? store.read(inputs) : { value: undefined }),
  };
}
