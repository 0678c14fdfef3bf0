import { type Domain, verb } from "../shared";
import {
  checkIngest,
  checkModel,
  infrastructureSettings,
  ingestSettings,
  resetSettings,
  statusSettings,
  viewsSettings,
} from "./config";

const RESULTS =
  "Ends with DATASURFACE_RESULT_CODE=<n>: 0 done, 1 run again at once, -1 error (exit code 1, or 2 for bad input).";

/** Snapshot ingestion: each verb loads its own code when it runs. */
export const datasurface: Domain = {
  name: "datasurface",
  summary: "snapshot ingestion into merge tables, live and forensic",
  verbs: [
    verb({
      name: "ingest",
      summary: "bring one batch of a stream from its source to its commit",
      details: RESULTS,
      settings: ingestSettings,
      check: checkIngest,
      run: async (config, context) => {
        const { fetchModel } = await import("./model");
        const { ingest } = await import("./ingest");
        return ingest(config, await fetchModel(config, context.log), context);
      },
    }),
    verb({
      name: "reset-batch",
      summary: "make the open batch of a stream begin anew, under the model as it is now",
      details: RESULTS,
      settings: resetSettings,
      check: checkModel,
      run: async (config, context) => {
        const { fetchModel } = await import("./model");
        const { resetBatch } = await import("./reset");
        return resetBatch(config, await fetchModel(config, context.log), context);
      },
    }),
    verb({
      name: "status",
      summary: "show streams, batches, lag and the last counts",
      settings: statusSettings,
      check: checkModel,
      answersOnStdout: true,
      run: async (config, context) => {
        const { fetchModel } = await import("./model");
        const { status } = await import("./status");
        return status(config, await fetchModel(config, context.log), context);
      },
    }),
    verb({
      name: "views",
      summary: "make the consumer views of a platform, and the tables below them",
      details: RESULTS,
      settings: viewsSettings,
      check: checkModel,
      run: async (config, context) => {
        const { fetchModel } = await import("./model");
        const { views } = await import("./infrastructure");
        return views(config, await fetchModel(config, context.log), context);
      },
    }),
    verb({
      name: "infrastructure",
      summary: "the daily work of a platform: tables, staging, views, grants, streams that left",
      details: RESULTS,
      settings: infrastructureSettings,
      check: checkModel,
      run: async (config, context) => {
        const { fetchModel } = await import("./model");
        const { infrastructure } = await import("./infrastructure");
        return infrastructure(config, await fetchModel(config, context.log), context);
      },
    }),
  ],
};
