import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { UserError } from "../../components/shared/user-error";

/** A file with the owner of the place that it is in. */
const MARK = "checkout.json";

const mark = z.object({
  /** The folder `.local` of the checkout that owns the place. */
  folder: z.string(),
  /** Differs from that of every other checkout; a copied folder has the one of its original. */
  id: z.string(),
});

/**
 * The other checkout's folder that a place belongs to; undefined if it belongs to `folder`, or to nobody any more: a
 * moved checkout, or a copy whose original is gone, keeps its data.
 */
export function foreignOwner(place: string, folder: string): string | undefined {
  const written = read(place);
  if (!written || written.folder === nameOf(folder)) return undefined;
  return read(written.folder)?.id === written.id ? written.folder : undefined;
}

/** Refuses a place that belongs to another checkout. */
export function refuseForeign(place: string, folder: string): void {
  const other = foreignOwner(place, folder);
  if (other === undefined) return;
  throw new UserError(
    `${folder} was copied from the checkout ${dirname(other)}, whose database it would share: remove the copy here by ` +
      "`npx trellis clean` (the original keeps its data), and start again",
  );
}

/** Writes into a folder, and into the places that belong to it, that they are its own. */
export function claim(folder: string, place = folder): void {
  refuseForeign(place, folder);
  const [written, own] = [read(place), read(folder)];
  const here = nameOf(folder);
  if (written?.folder === here && written.id === own?.id) return;
  const id = place !== folder && own ? own.id : randomUUID();
  writeFileSync(join(place, MARK), `${JSON.stringify({ folder: here, id })}\n`, { mode: 0o600 });
}

/** The folder's path as the file system has it. A link to another checkout's folder keeps its own name. */
const nameOf = (folder: string) => join(realpathSync(dirname(folder)), basename(folder));

function read(place: string): z.output<typeof mark> | undefined {
  const file = join(place, MARK);
  if (!existsSync(file)) return undefined;
  try {
    return mark.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return undefined; // a killed process wrote half of it; the next claim writes it again
  }
}
