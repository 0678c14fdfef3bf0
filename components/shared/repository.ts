import { readFileSync } from "node:fs";
import { z } from "zod";

const manifest = z
  .object({ version: z.string(), repository: z.object({ url: z.url() }) })
  .parse(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")));

/** Where people read the files of this version: the tag of the release in the repository that package.json names. */
const FILES = `${manifest.repository.url.replace(/\.git$/, "")}/blob/v${manifest.version}/`;

/** The address of a file of the repository, or of a section in it: `docs/runbooks/etcd.md#quorum-is-lost`. */
export const repositoryUrl = (file: string): string => `${FILES}${file}`;

/** The file and the section that an address of `repositoryUrl` leads to; undefined for any other address. */
export function repositoryFile(url: string): { readonly file: string; readonly section: string } | undefined {
  if (!url.startsWith(FILES)) return undefined;
  const [file = "", section = ""] = url.slice(FILES.length).split("#");
  return { file, section };
}
