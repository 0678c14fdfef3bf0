import { gunzipSync, gzipSync } from "node:zlib";
import { z } from "zod";
import { tar, untar } from "../../components/shared/tar";
import { UserError } from "../../components/shared/user-error";
import { reason, sha256Of } from "../../jobs/shared";

const manifestSchema = z.strictObject({
  stack: z.string(),
  time: z.iso.datetime(),
  /** The commit of the folder with Pulumi.yaml; null outside git. */
  commit: z.string().nullable(),
  /** Whether the folder had uncommitted changes. */
  dirty: z.boolean(),
  pulumi: z.string(),
  /** SHA-256 of every other file, by name. */
  files: z.record(z.string().regex(/^\w[\w.-]*$/), z.string().regex(/^[0-9a-f]{64}$/)),
});

export type Manifest = z.infer<typeof manifestSchema>;
type Files = ReadonlyMap<string, string>;

export const STATE = "state.json";
const MANIFEST = "manifest.json";

/** Packs the files, and a manifest with their checksums, as an archive for `tar -xz`. */
export function pack(files: Files, circumstances: Omit<Manifest, "files">): Buffer {
  const sums = Object.fromEntries([...files].map(([name, text]) => [name, sha256Of(text)]));
  const manifest = { ...circumstances, files: sums } satisfies Manifest;
  const entries = [[MANIFEST, `${JSON.stringify(manifest, undefined, 2)}\n`] as const, ...files];
  return gzipSync(
    tar(entries.map(([name, content]) => ({ path: `/${name}`, mode: "600", owner: "root", content }))),
  );
}

/** Unpacks the files. It refuses an archive with missing, extra or changed files. */
export function unpack(archive: Buffer): { readonly manifest: Manifest; readonly files: Files } {
  const { manifest, files } = readable(archive);
  for (const name of new Set([...Object.keys(manifest.files), ...files.keys()])) {
    const text = files.get(name);
    if (text === undefined || sha256Of(text) !== manifest.files[name])
      throw new UserError(
        `the saved configuration is damaged: ${name} does not match the checksum in the manifest`,
      );
  }
  return { manifest, files: new Map([[MANIFEST, JSON.stringify(manifest, undefined, 2)], ...files]) };
}

function readable(archive: Buffer) {
  try {
    const { [MANIFEST]: manifest = "", ...files } = Object.fromEntries(untar(gunzipSync(archive)));
    return { manifest: manifestSchema.parse(JSON.parse(manifest)), files: new Map(Object.entries(files)) };
  } catch (error) {
    throw new UserError(`this file is not a saved configuration, or it is damaged: ${reason(error)}`);
  }
}
