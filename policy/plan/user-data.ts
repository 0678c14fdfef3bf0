import { parse } from "yaml";
import { fromBase94 } from "../../components/shared/base94";
import { unpack } from "../../components/shared/packed-files";
import { fields, list, text } from "./fields";
import { type PlannedResource, SERVER } from "./resource";

/** By absolute path. It understands our own user data only. */
function filesInUserData(userData: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const entry of list(fields(parse(userData)).write_files)) {
    const { path, content } = fields(entry);
    if (typeof path !== "string" || typeof content !== "string") continue;
    if (!path.endsWith(".b94")) files.set(path, content);
    else for (const [inside, file] of unpack(fromBase94(content))) files.set(inside, file);
  }
  return files;
}

/** A rendered text, as a plan records it: `servers/<server>/etc/etcd/etcd.yaml`. */
export interface RenderedFile {
  readonly path: string;
  readonly content: string;
}

export type ServerFiles = ReadonlyMap<string, string>;

/**
 * The files of each server that its user data installs, by the server's URN. A plan conceals user data, but records its
 * files; the engine knows the user data. A server whose user data nobody knows yet is left out.
 */
export function serverFilesOf(
  resources: readonly PlannedResource[],
  rendered: readonly RenderedFile[],
): ReadonlyMap<string, ServerFiles> {
  const files = new Map<string, ServerFiles>();
  for (const { type, urn, name, inputs } of resources) {
    if (type !== SERVER) continue;
    const folder = `servers/${text(inputs.name) ?? name}/`;
    const recorded = rendered.filter(({ path }) => path.startsWith(folder));
    const { userData } = inputs;
    if (typeof userData === "string" && userData.startsWith("#cloud-config"))
      files.set(urn, filesInUserData(userData));
    else if (recorded.length > 0)
      files.set(urn, new Map(recorded.map(({ path, content }) => [path.slice(folder.length - 1), content])));
  }
  return files;
}
