import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  flag,
  jsonFile,
  type KubernetesAccess,
  kubernetesAccess,
  readSettings,
  type Setting,
  text,
  variable,
  wholeNumber,
} from "../shared";
import type { RootAccess, StoreAccess } from "./admin";
import { volumeSizes } from "./grow-volumes";
import type { StoreKeys } from "./prepare";
import { type Contents, contents, type Specification, specification } from "./specification";

const where = {
  endpoint: variable(
    "STORAGE_ENDPOINT",
    "address of the object storage; a private authority comes by NODE_EXTRA_CA_CERTS",
    text().refine(
      (given) => /^https?:\/\/[^/]+$/.test(given) && URL.canParse(given),
      "allowed: an address such as https://minio-api:9000, without a path",
    ),
  ),
  region: variable("STORAGE_REGION", "region that requests are signed for", text()),
};

/** Root's access; the user and the password come from one Secret. */
const rootParts = {
  ...where,
  user: variable("STORAGE_ROOT_USER", "the root user's name", text()),
  password: variable("STORAGE_ROOT_PASSWORD", "its password", text(), { secret: true }),
};

const storeParts = {
  ...where,
  user: variable("STORAGE_ACCESS_KEY", "an access key that can create buckets", text()),
  password: variable("STORAGE_SECRET_KEY", "its secret key", text(), { secret: true }),
};

const store: Setting<StoreAccess> = {
  declares: Object.values(storeParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(storeParts, inputs),
};

const root: Setting<RootAccess> = {
  declares: Object.values(rootParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(rootParts, inputs),
};

export const provisionSettings = {
  root,
  specification: variable("STORAGE_SPECIFICATION", "file with what is to be there", jsonFile(specification)),
  keys: variable(
    "STORAGE_KEYS",
    "folder with each user's secret key in a file of its name",
    text("the path of a folder"),
  ),
};

export const prepareSettings = {
  store,
  contents: variable("STORAGE_SPECIFICATION", "file with what is to be there", jsonFile(contents)),
  keys: variable(
    "STORAGE_KEYS",
    "folder with the files <application>-access-key and <application>-secret-key of applications with their own keys",
    text("the path of a folder").optional(),
  ),
};

interface PrepareInputs {
  readonly contents: Contents;
  /** The folder with the keys of applications. */
  readonly keys: string | undefined;
}

const KEY_FILES = { accessKey: "access-key", secretKey: "secret-key" } as const;

const ownKey = ({ keys }: PrepareInputs, application: string, part: keyof StoreKeys) =>
  keys === undefined ? undefined : keyIn(keys, `${application}-${KEY_FILES[part]}`) || undefined;

/** Keys that are missing, by file; the texts never contain a key. */
export function checkPrepare(inputs: PrepareInputs): string[] {
  return inputs.contents.applications
    .filter(({ ownKeys }) => ownKeys)
    .flatMap(({ name }) =>
      (["accessKey", "secretKey"] as const)
        .filter((part) => ownKey(inputs, name, part) === undefined)
        .map((part) => `STORAGE_KEYS: has no readable file ${name}-${KEY_FILES[part]}`),
    );
}

export function applicationKeysOf(inputs: PrepareInputs): Record<string, StoreKeys> {
  return Object.fromEntries(
    inputs.contents.applications
      .filter(({ ownKeys }) => ownKeys)
      .map(({ name }) => [
        name,
        {
          accessKey: ownKey(inputs, name, "accessKey") ?? "",
          secretKey: ownKey(inputs, name, "secretKey") ?? "",
        },
      ]),
  );
}

/** MinIO's limits for a secret key. */
const KEY_LENGTH = { min: 8, max: 40 };

interface ProvisionInputs {
  readonly specification: Specification;
  /** The folder with the secret keys. */
  readonly keys: string;
}

/** Problems with the keys, by file; the texts never contain a key. */
export function checkProvision({ specification: { users }, keys }: ProvisionInputs): string[] {
  return users.flatMap(({ name }) => {
    const key = keyIn(keys, name);
    if (key === undefined) return [`STORAGE_KEYS: has no readable file ${name}, the secret key of that user`];
    return key.length < KEY_LENGTH.min || key.length > KEY_LENGTH.max
      ? [
          `STORAGE_KEYS: ${name} holds ${key.length} characters, allowed: ${KEY_LENGTH.min} to ${KEY_LENGTH.max}`,
        ]
      : [];
  });
}

export function secretKeysOf({ specification: { users }, keys }: ProvisionInputs): Record<string, string> {
  return Object.fromEntries(users.map(({ name }) => [name, keyIn(keys, name) ?? ""]));
}

function keyIn(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), "utf8").trim();
  } catch {
    return undefined;
  }
}

export const growVolumesSettings = {
  kubernetes: kubernetesAccess,
  namespace: variable("NAMESPACE", "namespace of the claims", text()),
  volumes: flag(
    "--volumes <file>",
    "the claims by name, and the GiB that each is to have, as JSON",
    jsonFile(volumeSizes),
    "VOLUME_SIZES",
  ),
  patienceMs: flag(
    "--patience <seconds>",
    "how long to wait until the volumes have grown",
    wholeNumber({ max: 3_600 })
      .default(600)
      .transform((seconds) => seconds * 1000),
  ),
};

export const checkGrowVolumes = ({ kubernetes }: { kubernetes: KubernetesAccess | undefined }) =>
  kubernetes ? [] : ["KUBERNETES_API is required outside of a pod: where the API server is"];
