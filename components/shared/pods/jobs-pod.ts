import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer, restrictedPod, SCRATCH } from "./security";
import { JOBS_USER } from "./users";

/** What differs between the pods of one domain. */
export interface OwnParts {
  /** Name of the container. */
  readonly container: string;
  /** Arguments after `jobs <domain>`. */
  readonly words: readonly string[];
  /** Variables beyond those that all pods of the domain have. */
  readonly environment: readonly k8s.types.input.core.v1.EnvVar[];
  /** Memory request and limit. */
  readonly memory: readonly [request: string, limit: string];
  /** CPU request; there is no limit. */
  readonly cpu: string;
  /** Ports and probes, for a pod that serves metrics. @default none */
  readonly serving?: Pick<k8s.types.input.core.v1.Container, "ports" | "livenessProbe" | "readinessProbe">;
}

interface JobsPodArgs {
  /** The domain of the jobs image. */
  readonly domain: string;
  /** The jobs image; its entrypoint is `jobs`. */
  readonly image: pulumi.Input<string>;
  readonly serviceAccount: string;
  /** Whether the pod gets the account's token, for the Kubernetes API. @default false */
  readonly usesApi?: boolean;
  /** Volumes that are read, such as CA certificates, and the folder that each is mounted in. */
  readonly reads: readonly { readonly volume: k8s.types.input.core.v1.Volume; readonly folder: string }[];
}

/** A pod that runs `jobs <domain> <words>`. */
export function jobsPod(
  { domain, image, serviceAccount, usesApi = false, reads }: JobsPodArgs,
  own: OwnParts,
): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: usesApi,
    enableServiceLinks: false,
    securityContext: restrictedPod(JOBS_USER),
    containers: [
      {
        name: own.container,
        image,
        args: [domain, ...own.words],
        securityContext: restrictedContainer,
        env: [{ name: "LOG_FORMAT", value: "json" }, ...own.environment],
        resources: {
          requests: { cpu: own.cpu, memory: own.memory[0] },
          limits: { memory: own.memory[1] },
        },
        ...own.serving,
        volumeMounts: [
          ...reads.map(({ volume, folder }) => ({ name: volume.name, mountPath: folder, readOnly: true })),
          SCRATCH.mount,
        ],
      },
    ],
    volumes: [...reads.map(({ volume }) => volume), SCRATCH.volume],
  };
}
