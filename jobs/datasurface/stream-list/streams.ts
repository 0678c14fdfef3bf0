import { type Dataset, type Model, type Platform, type Stream, sinksOf, streamsOf } from "../model";
import {
  credentialSecret,
  ingestionDag,
  labelValue,
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

/** How urgent each dataset is on a platform. */
function urgencyOf(model: Model, platform: Platform): (dataset: Dataset) => number {
  const urgency = new Map<Dataset, number>();
  for (const { dataset, workspace } of sinksOf(model, platform)) {
    urgency.set(dataset, Math.max(PRIORITY[workspace.priority], urgency.get(dataset) ?? 0));
  }
  return (dataset) => urgency.get(dataset) ?? PRIORITY.UNKNOWN;
}

function ingestionJob(stream: Stream, urgency: (dataset: Dataset) => number): DagJob {
  const { platform, store } = stream;
  const { source, credential, trigger } = store.capture;
  const [, dataset] = partsOf(stream);
  const { name, user, password, hosts, sslmode } = credentialSecret(credential);
  return {
    dag: ingestionDag(stream),
    pod: podName(platform.name, ...partsOf(stream)),
    schedule: "cron" in trigger ? trigger.cron : null,
    arguments: [
      ...["datasurface", "ingest", "--platform", platform.name, "--store", store.name],
      ...(dataset === undefined ? [] : ["--dataset", dataset]),
    ],
    environment: [
      { name: "SOURCE_HOST", value: source.host },
      { name: "SOURCE_PORT", value: String(source.port) },
      { name: "SOURCE_DATABASE", value: source.database },
      { name: "SOURCE_USER", secret: { name, key: user } },
      { name: "SOURCE_PASSWORD", secret: { name, key: password } },
      { name: "SOURCE_HOSTS", secret: { name, key: hosts } },
      { name: "SOURCE_SSLMODE", secret: { name, key: sslmode } },
    ],
    labels: {
      ...platformLabels(platform),
      "datasurface/store": labelValue(store.name),
      "datasurface/stream": streamLabel(stream),
    },
    priority: Math.max(...stream.datasets.map(urgency)),
    ...(store.resources && { resources: store.resources }),
  };
}
