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
  /** A service account without a token: no such pod uses the Kubernetes API. */
  readonly serviceAccount: string;
  /** The volume with the CA certificates, and the folder that it is mounted in. */
  readonly authorities: { readonly volume: k8s.types.input.core.v1.Volume; readonly folder: string };
}

/** A pod that runs `jobs <domain> <words>` and reaches no Kubernetes API. */
export function jobsPod(
  { domain, image, serviceAccount, authorities: { volume, folder } }: JobsPodArgs,
  own: OwnParts,
): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: serviceAccount,
    automountServiceAccountToken: false,
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
        volumeMounts: [{ name: volume.name, mountPath: folder, readOnly: true }, SCRATCH.mount],
      },
    ],
    volumes: [volume, SCRATCH.volume],
  };
}
