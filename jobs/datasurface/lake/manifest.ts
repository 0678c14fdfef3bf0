import { z } from "zod";
import { JobError, type ObjectStore } from "../../shared";

const file = z.strictObject({
  key: z.string(),
  rows: z.number().int(),
  bytes: z.number().int(),
  sha256: z.string(),
});

const dataset = z.strictObject({
  rows: z.number().int(),
  columns: z.array(z.strictObject({ name: z.string(), type: z.string() })),
  files: z.array(file),
});

/** One committed batch of a stream in the lake. The files of all its datasets are there before it is. */
const manifestSchema = z.strictObject({
  version: z.literal(1),
  platform: z.string(),
  stream: z.string(),
  batch: z.number().int(),
  committedAt: z.string(),
  /** Whether the files have all versions of each row, with the batches between which they were valid. */
  versions: z.boolean(),
  datasets: z.record(z.string(), dataset),
});

export type LakeFile = z.output<typeof file>;
export type LakeDataset = z.output<typeof dataset>;
export type Manifest = z.output<typeof manifestSchema>;

/** The names of a stream's objects. */
export const lakeKeys = (platform: string, stream: string) => {
  const folder = `${platform.toLowerCase()}/${stream.replaceAll("#", "/").toLowerCase()}/`;
  return {
    folder,
    latest: `${folder}latest.json`,
    manifests: `${folder}manifests/`,
    manifest: (batch: number) => `${folder}manifests/${String(batch).padStart(10, "0")}.json`,
    part: (dataset: string, batch: number, run: string, number: number) =>
      `${folder}data/${dataset}/batch=${batch}/${run}-${String(number).padStart(5, "0")}.parquet`,
  };
};

export async function readManifest(store: ObjectStore, key: string): Promise<Manifest | undefined> {
  const text = await store.readText(key);
  if (text === undefined) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new JobError(
      `${key} in the bucket ${store.address.bucket} is no manifest that this version wrote; remove it by hand`,
      1,
      {
        cause: error,
      },
    );
  }
}

export const renderManifest = (manifest: Manifest) => `${JSON.stringify(manifest, undefined, 2)}\n`;
