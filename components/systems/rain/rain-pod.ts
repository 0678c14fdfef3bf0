import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH } from "../../shared/pods";
import { RAIN } from "./names";

/** A key of a Secret. */
export interface SecretKey {
  readonly name: pulumi.Input<string>;
  readonly key: string;
}

/** What a pod may use: requested, and at most. */
export interface Resources {
  readonly cpu: readonly [request: string, limit: string];
  readonly memory: readonly [request: string, limit: string];
}

/** What all pods of Rain Tracker share. */
export interface RainPodArgs {
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;

  /** Where the connection string of the rain database is; under `ca.crt` beside it, the authority of its server. */
  readonly databaseSecret: SecretKey;
}

/** What one kind of pod adds. */
export interface OwnParts {
  readonly container: string;
  /** What follows `jobs rain`. */
  readonly words: readonly string[];
  readonly resources: Resources;
  readonly environment?: Readonly<Record<string, string>>;
  readonly mounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly volumes?: readonly k8s.types.input.core.v1.Volume[];
  /** Ports and probes. */
  readonly serving?: Pick<
    k8s.types.input.core.v1.Container,
    "ports" | "livenessProbe" | "readinessProbe" | "startupProbe"
  >;
}

const AUTHORITY = { key: "ca.crt", folder: "/etc/trellis/postgres" };

/** The rain database as the jobs read it, by this prefix, with the authority by which they know its server. */
export function databaseAccess(prefix: string, { name, key }: SecretKey) {
  return {
    env: [
      { name: `${prefix}_URL`, valueFrom: { secretKeyRef: { name, key } } },
      { name: `${prefix}_SSLROOTCERT`, value: `${AUTHORITY.folder}/${AUTHORITY.key}` },
    ],
    mount: { name: "authority", mountPath: AUTHORITY.folder, readOnly: true },
    volume: {
      name: "authority",
      secret: { secretName: name, items: [{ key: AUTHORITY.key, path: AUTHORITY.key }] },
    },
  };
}

/** A pod that runs `jobs rain <words>` with the stack's configuration and database. */
export function rainPod(
  { image, databaseSecret }: RainPodArgs,
  own: OwnParts,
): k8s.types.input.core.v1.PodSpec {
  const { cpu, memory } = own.resources;
  const database = databaseAccess("RAIN_DATABASE", databaseSecret);
  return {
    serviceAccountName: RAIN.serviceAccount,
    automountServiceAccountToken: false, // nothing here talks to Kubernetes
    enableServiceLinks: false, // or every Service of the namespace would add variables
    securityContext: restrictedPod(JOBS_USER),
    containers: [
      {
        name: own.container,
        image,
        args: ["rain", ...own.words],
        securityContext: restrictedContainer,
        envFrom: [{ configMapRef: { name: RAIN.configMap } }],
        env: [
          ...database.env,
          ...Object.entries(own.environment ?? {}).map(([variable, value]) => ({ name: variable, value })),
        ],
        resources: {
          requests: { cpu: cpu[0], memory: memory[0] },
          limits: { cpu: cpu[1], memory: memory[1] },
        },
        ...own.serving,
        volumeMounts: [SCRATCH.mount, database.mount, ...(own.mounts ?? [])],
      },
    ],
    volumes: [SCRATCH.volume, database.volume, ...(own.volumes ?? [])],
  };
}
