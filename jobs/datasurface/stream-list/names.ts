import { fitIdentifier, kubernetesName, type Platform, type Stream } from "../model";

/** Kubernetes names are lower-case; the jobs receive the model's own names. */
export const platformName = (platform: Platform) => kubernetesName(platform.name);

/** Airflow's longest DAG id. */
const dagId = (...parts: string[]) => fitIdentifier(parts.join("_"), 250);

export const infrastructureDag = (platform: Platform) => dagId(platform.name.toLowerCase(), "infrastructure");

/** Includes the dataset where the stream has one dataset only. */
export const ingestionDag = (stream: Stream) =>
  dagId(stream.platform.name.toLowerCase(), "", ...partsOf(stream), "ingestion");

/** Leaves room in the pod's name for what Airflow appends. */
export const podName = (...parts: string[]) =>
  kubernetesName(fitIdentifier([...parts, "job"].join("-").toLowerCase(), 54));

export const labelValue = (name: string) => fitIdentifier(name, 63).replace(/[^A-Za-z0-9]+$/, "");

export const streamLabel = (stream: Stream) => labelValue(partsOf(stream).join("."));

/** The store, and the dataset where the stream has one dataset only. */
export const partsOf = ({ store, datasets }: Stream): string[] =>
  store.capture.consistency === "MULTI_DATASET"
    ? [store.name]
    : [store.name, ...datasets.map(({ name }) => name)];

/**
 * The Secret of a credential of the model, and its keys. With a login it holds what binds the login: the servers that it
 * may be sent to, and whether these must prove who they are. So whoever changes the model cannot change that.
 */
export const credentialSecret = (credential: string) => ({
  name: kubernetesName(credential),
  user: `${credential.toUpperCase()}_USER`,
  password: `${credential.toUpperCase()}_PASSWORD`,
  hosts: `${credential.toUpperCase()}_HOSTS`,
  sslmode: `${credential.toUpperCase()}_SSLMODE`,
});

/** The Secret of a transformer's key, and its key. No other Secret has this name, whatever key the model names. */
export const maskKeySecret = (key: string) => ({ name: kubernetesName(`mask-key-${key}`), key: "MASK_KEY" });

/** A server as the lists of allowed servers name it. Names of hosts have no case. */
export const hostAndPort = (host: string, port: number) =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`.toLowerCase();

export const platformLabels = (platform: Platform): Record<string, string> => ({
  "app.kubernetes.io/part-of": "datasurface",
  "datasurface/platform": labelValue(platform.name),
});
