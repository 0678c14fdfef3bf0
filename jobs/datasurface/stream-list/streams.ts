import {
  type AnyStore,
  type Dataset,
  isDerived,
  type Model,
  type Platform,
  type Stream,
  sinksOf,
  streamsOf,
} from "../model";
import {
  credentialSecret,
  ingestionDag,
  labelValue,
  maskKeySecret,
  partsOf,
  platformLabels,
  podName,
  streamLabel,
} from "./names";
import type { DagJob } from "./shape";

/** By the workspace priorities of the model: a stream is as urgent as its most urgent consumer. */
export const PRIORITY = { UNKNOWN: 1, LOW: 1, MEDIUM: 2, HIGH: 5, CRITICAL: 10 } as const;

/** The jobs that Airflow runs for the streams of a platform. */
export function ingestionJobs(model: Model, platform: Platform): DagJob[] {
  const urgency = urgencyOf(model, platform);
  return streamsOf(model, platform).map((stream) => ingestionJob(stream, urgency));
}

/** A copy is as old as its original, which is therefore as urgent. */
const originals = (store: AnyStore, dataset: Dataset): Dataset[] => {
  const original = isDerived(store) ? store.capture.masks.get(dataset.name)?.from : undefined;
  return original ? [original] : [];
};

/** How urgent each dataset is on a platform. */
function urgencyOf(model: Model, platform: Platform): (dataset: Dataset) => number {
  const urgency = new Map<Dataset, number>();
  for (const { store, dataset, workspace } of sinksOf(model, platform)) {
    for (const each of [dataset, ...originals(store, dataset)]) {
      urgency.set(each, Math.max(PRIORITY[workspace.priority], urgency.get(each) ?? 0));
    }
  }
  return (dataset) => urgency.get(dataset) ?? PRIORITY.UNKNOWN;
}

function ingestionJob(stream: Stream, urgency: (dataset: Dataset) => number): DagJob {
  const { platform, store } = stream;
  const { trigger } = store.capture;
  const [, dataset] = partsOf(stream);
  return {
    dag: ingestionDag(stream),
    pod: podName(platform.name, ...partsOf(stream)),
    schedule: "cron" in trigger ? trigger.cron : null,
    arguments: [
      ...[
        "datasurface",
        isDerived(store) ? "transform" : "ingest",
        "--platform",
        platform.name,
        "--store",
        store.name,
      ],
      ...(dataset === undefined ? [] : ["--dataset", dataset]),
    ],
    environment: environmentOf(store),
    labels: {
      ...platformLabels(platform),
      "datasurface/store": labelValue(store.name),
      "datasurface/stream": streamLabel(stream),
    },
    priority: Math.max(...stream.datasets.map(urgency)),
    ...(store.resources && { resources: store.resources }),
  };
}

function environmentOf(store: AnyStore): DagJob["environment"] {
  if (isDerived(store)) {
    const { key } = store.capture;
    return key === undefined ? [] : [{ name: "MASK_KEY", secret: maskKeySecret(key) }];
  }
  const { source, credential } = store.capture;
  const { name, user, password, hosts, sslmode } = credentialSecret(credential);
  return [
    { name: "SOURCE_HOST", value: source.host },
    { name: "SOURCE_PORT", value: String(source.port) },
    { name: "SOURCE_DATABASE", value: source.database },
    { name: "SOURCE_USER", secret: { name, key: user } },
    { name: "SOURCE_PASSWORD", secret: { name, key: password } },
    { name: "SOURCE_HOSTS", secret: { name, key: hosts } },
    { name: "SOURCE_SSLMODE", secret: { name, key: sslmode } },
  ];
}
