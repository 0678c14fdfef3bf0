import { createHash } from "node:crypto";
import { UserError } from "../../components/shared/user-error";

/** An image in a registry. */
export interface ImageName {
  /** The registry's host. */
  readonly registry: string;
  /** The name in it, such as `library/postgres`. */
  readonly repository: string;
  readonly tag: string;
}

/** Docker's own registry has another name in references of images than on the network. */
const DOCKER_HUB = { names: ["docker.io", "index.docker.io"], host: "registry-1.docker.io" };

/** Splits a reference as container runtimes do: without a registry it is an image of Docker Hub. */
export function imageName(reference: string): ImageName {
  const [, name = "", tag = "latest"] = /^(.+?)(?::([\w][\w.-]{0,127}))?$/.exec(reference) ?? [];
  const [first = "", ...rest] = name.split("/");
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const registry = isRegistry ? first : "docker.io";
  const path = isRegistry ? rest.join("/") : name;
  const ofHub = DOCKER_HUB.names.includes(registry);
  return {
    registry: ofHub ? DOCKER_HUB.host : registry,
    repository: ofHub && !path.includes("/") ? `library/${path}` : path,
    tag,
  };
}

/** The manifests that a tag may name. The index comes first: its digest covers all architectures. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const MOST_BYTES = 4 * 1024 * 1024;
const PATIENCE_MS = 30_000;

/**
 * Asks a registry for the digest of a tag. The digest is computed from the manifest itself; what the registry says of
 * it must be the same.
 *
 * @param mirror the URL of a registry to ask instead of the image's own
 */
export async function digestOf(image: ImageName, mirror?: URL): Promise<string> {
  const base = mirror ?? new URL(`https://${image.registry}`);
  const url = new URL(`/v2/${image.repository}/manifests/${encodeURIComponent(image.tag)}`, base);
  const answer = await askWithToken(url);
  const said = answer.headers.get("docker-content-digest");
  const body = await bytesOf(answer, url);
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  if (said !== null && said !== digest)
    throw new UserError(`${url}: the registry says ${said}, but its manifest has the digest ${digest}`);
  return digest;
}

/** Public registries want a token even for what everybody may read, and say in a refusal where to get it. */
async function askWithToken(url: URL): Promise<Response> {
  const first = await ask(url, { accept: MANIFESTS });
  if (first.status !== 401) return expectOk(first, url);
  const challenge = first.headers.get("www-authenticate") ?? "";
  const parameters = Object.fromEntries(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
  if (!/^bearer /i.test(challenge) || !parameters.realm || !URL.canParse(parameters.realm))
    throw new UserError(`${url}: the registry wants a login that this command does not have`);
  const realm = new URL(parameters.realm);
  if (realm.protocol !== "https:" && realm.hostname !== url.hostname)
    throw new UserError(`${url}: the registry sends us for a token to ${realm.origin}, which is not HTTPS`);
  for (const key of ["service", "scope"] as const)
    if (parameters[key]) realm.searchParams.set(key, parameters[key]);
  const granted: unknown = JSON.parse(
    Buffer.from(await bytesOf(expectOk(await ask(realm, {}), realm), realm)).toString(),
  );
  const { token, access_token } = Object(granted);
  return expectOk(
    await ask(url, { accept: MANIFESTS, authorization: `Bearer ${token ?? access_token}` }),
    url,
  );
}

async function ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Response> {
  try {
    return await fetch(url, { headers, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    const { cause } = error instanceof Error ? error : { cause: undefined };
    throw new UserError(`${url}: no answer (${cause instanceof Error ? cause.message : String(error)})`);
  }
}

function expectOk(response: Response, url: URL): Response {
  if (response.ok) return response;
  throw new UserError(
    response.status === 404
      ? `${url}: the registry has no such image or tag`
      : `${url}: the registry answers ${response.status}`,
  );
}

async function bytesOf(response: Response, url: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MOST_BYTES) throw new UserError(`${url}: the answer is larger than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
