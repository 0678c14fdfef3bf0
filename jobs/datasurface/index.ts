import { type Context, type Domain, type Outcome, verb } from "../shared";
import {
  checkIngest,
  checkModel,
  checkSimulate,
  checkTransform,
  infrastructureSettings,
  ingestSettings,
  initModelSettings,
  lakeSettings,
  lintSettings,
  resetSettings,
  simulateSettings,
  statusSettings,
  transformSettings,
  viewsSettings,
} from "./config";
import type { Model, ModelSource } from "./model";

const details =
  "Ends with DATASURFACE_RESULT_CODE=<n>: 0 done, 1 run again at once, -1 error (exit code 1, or 2 for bad input).";

type Run<Config> = (config: Config, model: Model, context: Context) => Promise<Outcome>;

/** Loads a verb's code when it runs, and the model before it starts. */
const withModel =
  <Config>(load: () => Promise<Run<Config>>) =>
  async (config: Config & ModelSource, context: Context): Promise<Outcome> => {
    const { fetchModel } = await import("./model");
    const model = await fetchModel(config, context.log);
    const run = await load();
    return run(config, model, context);
  };

/** Snapshot ingestion from a source database into merge tables. */
export const datasurface: Domain = {
  name: "datasurface",
  summary: "snapshot ingestion into merge tables, live and forensic",
  verbs: [
    verb({
      name: "ingest",
      summary: "bring one batch of a stream from its source to its commit",
      details,
      settings: ingestSettings,
      check: checkIngest,
      run: withModel(async () => (await import("./ingest")).ingest),
    }),
    verb({
      name: "transform",
      summary: "bring one batch of a masked copy from the merge tables to its commit",
      details,
      settings: transformSettings,
      check: checkTransform,
      run: withModel(async () => (await import("./ingest")).transform),
    }),
    verb({
      name: "lake",
      summary: "write the newest batch of a stream to object storage as Parquet",
      details,
      settings: lakeSettings,
      check: checkModel,
      run: withModel(async () => (await import("./lake")).lake),
    }),
    verb({
      name: "reset-batch",
      summary: "make the open batch of a stream begin anew, under the model as it is now",
      details,
      settings: resetSettings,
      check: checkModel,
      run: withModel(async () => (await import("./ingest")).resetBatch),
    }),
    verb({
      name: "lint",
      summary: "check a model, without any database",
      settings: lintSettings,
      check: checkModel,
      answersOnStdout: true,
      run: withModel(async () => (await import("./lint")).lint),
    }),
    verb({
      name: "init-model",
      summary: "write a first model from the tables of a source database",
      details:
        "Reads the catalogue alone: names, types, keys and comments of tables, and none of their rows.",
      settings: initModelSettings,
      answersOnStdout: true,
      run: async (config, context) => (await import("./init-model")).initModel(config, context),
    }),
    verb({
      name: "status",
      summary: "show streams, batches, lag and the last counts",
      settings: statusSettings,
      check: checkModel,
      answersOnStdout: true,
      run: withModel(async () => (await import("./status")).status),
    }),
    verb({
      name: "views",
      summary: "make the consumer views of a platform, and the tables below them",
      details,
      settings: viewsSettings,
      check: checkModel,
      run: withModel(async () => (await import("./infrastructure")).views),
    }),
    verb({
      name: "infrastructure",
      summary: "the daily work of a platform: tables, staging, views, grants, streams that left",
      details,
      settings: infrastructureSettings,
      check: checkModel,
      run: withModel(async () => (await import("./infrastructure")).infrastructure),
    }),
    verb({
      name: "simulate",
      summary: "change the customers and addresses of a source at random",
      details,
      settings: simulateSettings,
      check: checkSimulate,
      run: async (config, context) => (await import("./simulate")).simulate(config, context),
    }),
  ],
};
export { CONFIG_MAP_BYTES } from "../shared";
export {
  datasetTables,
  kubernetesName,
  loadModel,
  MODEL_FILES,
  type Model,
  modelJsonSchema,
  OPEN_BATCH,
  type Platform,
  platformTables,
  readModelFile,
  streamsOf,
} from "./model";
export { type StreamStatus, streamStatus } from "./status";
export {
  credentialSecret,
  DAGS_VERSION,
  type DagJob,
  dagJob,
  hostAndPort,
  infrastructureDag,
  ingestionJobs,
  maskKeySecret,
  PRIORITY,
  platformLabels,
  platformName,
  podName,
  streamsFile,
  streamsFileName,
} from "./stream-list";
