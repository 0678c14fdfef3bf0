import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readSettings, type Setting, text, variable } from "../shared";
import type { RootAccess } from "./admin";
import { type Specification, specification } from "./specification";

/** Root's access; the user and the password come from one Secret. */
const rootParts = {
  endpoint: variable(
    "STORAGE_ENDPOINT",
    "address of the object storage; a private authority comes by NODE_EXTRA_CA_CERTS",
    text().refine(
      (given) => /^https?:\/\/[^/]+$/.test(given) && URL.canParse(given),
      "allowed: an address such as https://minio-api:9000, without a path",
    ),
  ),
  region: variable("STORAGE_REGION", "region that requests are signed for", text()),
  user: variable("STORAGE_ROOT_USER", "the root user's name", text()),
  password: variable("STORAGE_ROOT_PASSWORD", "its password", text(), { secret: true }),
};

const root: Setting<RootAccess> = {
  declares: Object.values(rootParts).flatMap(({ declares }) => declares),
  read: (inputs) => readSettings(rootParts, inputs),
};

const specificationFile = text("the path of a file").transform((path, issues): Specification => {
  const refuse = (message: string) => {
    issues.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return refuse(`it cannot be read as JSON: ${(error as Error).message}`);
  }
  const parsed = specification.safeParse(content);
  if (parsed.success) return parsed.data;
  return refuse(parsed.error.issues.map(({ path: at, message }) => `${at.join(".")}: ${message}`).join("; "));
});

export const provisionSettings = {
  root,
  specification: variable("STORAGE_SPECIFICATION", "file with what is to be there", specificationFile),
  keys: variable(
    "STORAGE_KEYS",
    "folder with each user's secret key in a file of its name",
    text("the path of a folder"),
  ),
};

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
