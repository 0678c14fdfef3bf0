import {
  CONFIG_MAP_BYTES,
  type Context,
  JobError,
  type KubernetesAccess,
  KubernetesApi,
  refusalOf,
  retry,
} from "../../shared";
import type { Model, Platform } from "../model";
import { platformName } from "./names";
import { streamsFile, streamsFileName } from "./shape";
import { ingestionJobs } from "./streams";

/** The ConfigMap that Airflow mounts among its DAGs. */
export interface StreamListAddress {
  readonly namespace: string;
  readonly name: string;
}

/** Another writer updated the list: read and compare it again. */
class Outrun extends Error {}

/**
 * Updates Airflow's list of a platform's streams to the model, so that DAGs are added and removed with the model. An
 * unchanged list is not written.
 */
export async function publishStreams(
  model: Model,
  platform: Platform,
  { namespace, name }: StreamListAddress,
  access: KubernetesAccess,
  { log, signal }: Pick<Context, "log" | "signal">,
): Promise<void> {
  const jobs = ingestionJobs(model, platform);
  const file = streamsFileName(platformName(platform));
  const wanted = streamsFile(jobs);
  requireRoom(wanted, jobs.length, platform);
  const api = new KubernetesApi(access);
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  try {
    const changed = await retry(() => bring(api, path, file, wanted, signal), {
      attempts: 10,
      firstDelayMs: 200,
      longestDelayMs: 2_000,
      signal,
      retryable: (error) => !(error instanceof JobError),
    });
    log.info(
      { streams: jobs.length, configMap: `${namespace}/${name}`, changed },
      changed ? `told Airflow of ${jobs.length} streams` : `Airflow knows all ${jobs.length} streams`,
    );
  } finally {
    api.close();
  }
}

async function bring(
  api: KubernetesApi,
  path: string,
  file: string,
  wanted: string,
  signal: AbortSignal,
): Promise<boolean> {
  const read = await api.request("GET", path, { signal });
  if (read.status !== 200) throw failure("get", path, refusalOf(read), read.status);
  // Safe: the API server validates what it stores.
  const { data, metadata } = JSON.parse(read.body) as {
    data?: Record<string, string>;
    metadata: { resourceVersion: string };
  };
  if (data?.[file] === wanted) return false;
  const { resourceVersion } = metadata;
  const written = await api.request("PATCH", `${path}?fieldManager=datasurface-infrastructure`, {
    content: { metadata: { resourceVersion }, data: { [file]: wanted } },
    contentType: "application/merge-patch+json",
    signal,
  });
  if (written.status === 409) throw new Outrun(`${path} was changed by somebody else`);
  if (written.status !== 200) throw failure("patch", path, refusalOf(written), written.status);
  return true;
}

/** Errors that only a person can fix are not retried. */
function failure(verb: string, path: string, why: string, status: number): Error {
  const [, , , , namespace, , name] = path.split("/");
  const told = `the stream list ${namespace}/${name} cannot be written: Kubernetes refuses to ${verb} it: ${why}`;
  if (status === 403) return new JobError(`${told}; the job's account needs get and patch on this ConfigMap`);
  if (status === 404) return new JobError(`${told}; deploy the program again, which makes it`);
  if (status >= 400 && status < 500 && status !== 429) return new JobError(told);
  return new Error(told);
}

function requireRoom(list: string, streams: number, platform: Platform): void {
  const bytes = Buffer.byteLength(list);
  if (bytes <= CONFIG_MAP_BYTES) return;
  throw new JobError(
    `the list of ${platform.name}'s ${streams} streams takes ${bytes} bytes, and a ConfigMap holds ${CONFIG_MAP_BYTES}: ` +
      "serve some of the stores by another platform, or let stores be MULTI_DATASET",
  );
}
