import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { JOBS_USER, restrictedContainer, restrictedPod, SCRATCH, secretVariable } from "../../shared/pods";
import { RAIN } from "./names";

/** A key of a Secret. */
export interface SecretKey {
  /** The name of the Secret. */
  readonly name: pulumi.Input<string>;
  /** The key in its data. */
  readonly key: string;
}

/** Resources of a container, each with request and limit. */
export interface Resources {
  /** In CPU cores, for example `500m`. A container above the limit is throttled. */
  readonly cpu: readonly [request: string, limit: string];
  /** For example `256Mi`. The kernel kills a container above the limit. */
  readonly memory: readonly [request: string, limit: string];
}

/** The arguments that all pods of Rain Tracker share. */
export interface RainPodArgs {
  /** The job image, whose entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;

  /** The connection string of the rain database. The same Secret contains the server's CA certificate as `ca.crt`. */
  readonly databaseSecret: SecretKey;
}

/** The settings of one kind of pod. */
export interface OwnParts {
  /** The container's name. */
  readonly container: string;
  /** The arguments after `jobs rain`. */
  readonly words: readonly string[];
  /** What the container requests and its limits. */
  readonly resources: Resources;
  /** Variables besides the stack's configuration. @default none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further variables, such as those from Secrets. @default none */
  readonly variables?: readonly k8s.types.input.core.v1.EnvVar[];
  /** Mounts besides the scratch folder and the CA certificate. @default none */
  readonly mounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
  /** The volumes of those mounts. @default none */
  readonly volumes?: readonly k8s.types.input.core.v1.Volume[];
  /** Ports and probes. @default none, for a job that serves nothing */
  readonly serving?: Pick<
    k8s.types.input.core.v1.Container,
    "ports" | "livenessProbe" | "readinessProbe" | "startupProbe"
  >;
}

const AUTHORITY = { key: "ca.crt", folder: "/etc/trellis/postgres" };

/**
 * The environment and mount that connect a job to the rain database: its URL under the prefix, and the CA certificate.
 */
export function databaseAccess(prefix: string, { name, key }: SecretKey) {
  return {
    env: [
      secretVariable(`${prefix}_URL`, name, key),
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
    automountServiceAccountToken: false, // never calls the Kubernetes API
    enableServiceLinks: false, // otherwise every Service of the namespace adds variables
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
          ...(own.variables ?? []),
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
