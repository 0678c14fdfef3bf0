import { dagFiles } from "../../../components/systems/airflow";
import { type DataSurfaceDagsArgs, dataSurfaceDags } from "../../../components/systems/datasurface";
import { loadModel, type Model } from "../../../jobs/datasurface/model";
import {
  ingestionJobs,
  platformName,
  streamsFile,
  streamsFileName,
} from "../../../jobs/datasurface/stream-list";

/** How the acceptance model is deployed in the tests of its DAGs. */
export const ACCEPTANCE: DataSurfaceDagsArgs = {
  model: loadModel("examples/model"),
  namespace: "datasurface",
  image: "registry.example/jobs@sha256:0123",
  mergeHost: "postgres-primary.postgres.svc.cluster.local",
  slackChannel: "#data",
  airflowNamespace: "airflow",
  carriesModel: true,
};

/** The files of the DAG folder that the deployment alone changes. */
export const deployedFolder = (args: Partial<DataSurfaceDagsArgs> = {}) =>
  dagFiles(dataSurfaceDags({ ...ACCEPTANCE, ...args }));

/** The whole DAG folder of a model: with the streams that the daily work of each platform writes down. */
export function folderOf(args: Partial<DataSurfaceDagsArgs> = {}): Record<string, string> {
  const { model } = { ...ACCEPTANCE, ...args };
  const lists = model.ecosystem.platforms.map((platform) => [
    streamsFileName(platformName(platform)),
    streamsFile(ingestionJobs(model, platform)),
  ]);
  return { ...deployedFolder(args), ...Object.fromEntries(lists) };
}

/** The acceptance model with so many stores in the place of its one, half of whose streams are each platform's. */
export function modelWithStores(stores: number): Model {
  const { ecosystem, assignments } = ACCEPTANCE.model;
  const names = Array.from({ length: stores }, (_, index) => `Store${index + 1}`);
  return {
    assignments,
    ecosystem: {
      ...ecosystem,
      stores: ecosystem.stores.flatMap((store) =>
        names.map((name) => ({ ...store, name, datasets: store.datasets.map((each) => ({ ...each })) })),
      ),
      workspaces: ecosystem.workspaces.map((workspace) => ({
        ...workspace,
        groups: workspace.groups.map((group) => ({
          ...group,
          sinks: group.sinks.flatMap((sink) => names.map((store) => ({ ...sink, store }))),
        })),
      })),
    },
  };
}
