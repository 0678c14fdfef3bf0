import { JobError, listProblems } from "../../shared";
import { isDerived, storesOf } from "./derived-store";
import type { AnyStore, Model } from "./model";
import { streamKey } from "./names";
import type { Dataset, Platform, Workspace } from "./schema";

/** What one run ingests: all datasets of a store as one batch, or a single dataset. */
export interface Stream {
  readonly platform: Platform;
  readonly store: AnyStore;
  /** The key in the batch tables. */
  readonly key: string;
  readonly datasets: readonly Dataset[];
}

/** One dataset for one consumer. */
export interface Sink {
  readonly platform: Platform;
  readonly workspace: Workspace;
  readonly group: string;
  readonly store: AnyStore;
  readonly dataset: Dataset;
}

/** The sinks that a platform serves: those of its assigned groups, until they are decommissioned. */
export function sinksOf({ ecosystem, assignments }: Model, platform: Platform): Sink[] {
  const served = new Set(
    assignments.flatMap(({ workspace, dsgName, assignments: platforms }) =>
      platforms.some((each) => each.dataPlatform === platform.name && each.status !== "DECOMMISSIONED")
        ? [`${workspace}#${dsgName}`]
        : [],
    ),
  );
  return ecosystem.workspaces.flatMap((workspace) =>
    workspace.groups
      .filter((group) => served.has(`${workspace.name}#${group.name}`))
      .flatMap((group) =>
        group.sinks.flatMap((sink) => {
          const store = storesOf(ecosystem).find(({ name }) => name === sink.store);
          const dataset = store?.datasets.find(({ name }) => name === sink.dataset);
          return store && dataset ? [{ platform, workspace, group: group.name, store, dataset }] : [];
        }),
      ),
  );
}

/**
 * All streams of a platform, in the model's order: those of the stores with at least one consumer, and of the stores
 * from which these are made.
 */
export function streamsOf(model: Model, platform: Platform): Stream[] {
  const consumed = new Set(
    sinksOf(model, platform).flatMap(({ store }) =>
      isDerived(store) ? [store.name, store.capture.from.name] : [store.name],
    ),
  );
  return storesOf(model.ecosystem)
    .filter(({ name }) => consumed.has(name))
    .flatMap((store): Stream[] =>
      store.capture.consistency === "MULTI_DATASET"
        ? [{ platform, store, key: streamKey(store.name), datasets: store.datasets }]
        : store.datasets.map((dataset) => ({
            platform,
            store,
            key: streamKey(store.name, dataset.name),
            datasets: [dataset],
          })),
    );
}

export function findPlatform({ ecosystem }: Model, name: string): Platform {
  const platform = ecosystem.platforms.find((each) => each.name === name);
  if (platform) return platform;
  const known = ecosystem.platforms.map((each) => each.name).join(", ");
  throw new JobError(`--platform: the model has no platform ${name}; it has ${known}`);
}

/** The stream that a command names; a store without consumers on this platform has none. */
export function findStream(
  model: Model,
  asked: { readonly platform: string; readonly store: string; readonly dataset?: string | undefined },
): Stream {
  const platform = findPlatform(model, asked.platform);
  const stores = storesOf(model.ecosystem);
  const store = stores.find(({ name }) => name === asked.store);
  if (!store) {
    const known = stores.map(({ name }) => name).join(", ");
    throw new JobError(
      `--store: Could not find datastore in ecosystem: ${asked.store}; it has ${known || "none"}`,
    );
  }
  const multi = store.capture.consistency === "MULTI_DATASET";
  const names = store.datasets.map(({ name }) => name).join(", ");
  if (multi && asked.dataset !== undefined) {
    throw new JobError(
      "--dataset: Cannot specify a dataset name for a multi-dataset datastore; leave the flag out",
    );
  }
  if (!multi && asked.dataset === undefined) {
    throw new JobError(`--dataset: a single-dataset datastore needs a dataset name, one of ${names}`);
  }
  if (asked.dataset !== undefined && !store.datasets.some(({ name }) => name === asked.dataset)) {
    throw new JobError(`--dataset: the store ${store.name} has no dataset ${asked.dataset}; it has ${names}`);
  }
  const stream = streamsOf(model, platform).find(
    (each) => each.store === store && (multi || each.datasets[0]?.name === asked.dataset),
  );
  if (!stream) {
    throw new JobError(
      listProblems(`the store ${store.name} is not in the graph of ${platform.name}:`, [
        `no dataset group that is assigned to ${platform.name} has a sink on it`,
        "assign a group in dsg_platform_mapping.json, or run another platform",
      ]),
    );
  }
  return stream;
}
