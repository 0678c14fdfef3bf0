import { type Domain, verb } from "../shared";
import {
  applicationKeysOf,
  checkGrowVolumes,
  checkPrepare,
  checkProvision,
  growVolumesSettings,
  prepareSettings,
  provisionSettings,
  secretKeysOf,
} from "./config";
import { drillVerb, mirrorVerb, pruneVerb, restoreVerb, serveMetricsVerb } from "./mirror";

/** Object storage: buckets, the users and policies that give access to them, and the copy off the cluster. */
export const storage: Domain = {
  name: "storage",
  summary: "object storage: buckets, users and their policies, and the copy off the cluster",
  verbs: [
    verb({
      name: "provision",
      summary: "make buckets, users and policies what a specification says",
      details:
        "Runs again after any crash and ends in the same state. Nothing that is in a bucket is touched; users whose names begin\nwith the prefix and who are not declared are removed.",
      settings: provisionSettings,
      check: checkProvision,
      run: async (config, context) => {
        const { provision } = await import("./provision");
        const { root, specification } = config;
        return provision({ root, specification, secretKeys: secretKeysOf(config) }, context);
      },
    }),
    verb({
      name: "prepare",
      summary: "make the buckets of a store other than MinIO what a specification says",
      details:
        "Runs again after any crash and ends in the same state. Missing buckets are created, versioning and expiry are set, nothing\nthat is in a bucket is touched. It fails where a bucket is public, or where an application's keys do not open its buckets.",
      settings: prepareSettings,
      check: checkPrepare,
      run: async (config, context) => {
        const { prepare } = await import("./prepare");
        const { store, contents } = config;
        return prepare({ store, contents, applicationKeys: applicationKeysOf(config) }, context);
      },
    }),
    verb({
      name: "grow-volumes",
      summary: "grow the claims of a StatefulSet to the sizes of the settings, where their class can",
      details: "Never shrinks one. A claim that cannot grow is a warning, which names its class.",
      settings: growVolumesSettings,
      check: checkGrowVolumes,
      run: async ({ kubernetes, ...config }, context) => {
        if (!kubernetes) throw new Error("the settings were checked");
        return (await import("./grow-volumes")).growVolumes({ ...config, kubernetes }, context);
      },
    }),
    mirrorVerb,
    pruneVerb,
    drillVerb,
    restoreVerb,
    serveMetricsVerb,
  ],
};
