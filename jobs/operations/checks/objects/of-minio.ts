import type { Platform } from "../../platform";
import type { Readers } from "../../readers";
import { type Finding, notApplicable } from "../check";

type Objects = Platform["objects"];

/** A check of MinIO's own servers. Another store's are its owner's to watch. */
export const ofMinio =
  <Found>(run: (readers: Readers, objects: Objects) => Promise<Found>) =>
  async (readers: Readers, { objects }: Platform): Promise<Found | Finding> =>
    objects.kind === "external"
      ? notApplicable("objects are in another store, whose owner watches it")
      : run(readers, objects);
