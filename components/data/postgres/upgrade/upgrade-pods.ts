import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { restrictedContainer, restrictedPod, secretVariable, serviceHost } from "../../../shared/pods";
import { ETCD_FOLDER, etcdEnvironment, SERVER_FOLDER, secretVolume } from "../job-pod";
import { PASSWORD_VARIABLES } from "../logins";
import { claimName, memberName, POSTGRES } from "../names";
import { PATHS, POSTGRES_USER, programsOf } from "../paths";

export interface UpgradePodsArgs {
  readonly namespace: pulumi.Input<string>;
  /** Image with both releases of PostgreSQL and the jobs. */
  readonly image: pulumi.Input<string>;
  /** The major release that the data are of. */
  readonly from: number;
  /** Name of the PostgreSQL cluster in etcd. */
  readonly scope: string;
  /** Client addresses of etcd's members, each as host:port. */
  readonly etcdHosts: pulumi.Input<readonly string[]>;
  /** Names of Secrets. */
  readonly secrets: {
    readonly passwords: pulumi.Input<string>;
    readonly serverCertificate: pulumi.Input<string>;
    readonly etcdCertificate: pulumi.Input<string>;
  };
  /** Whether etcd asks for the password of Patroni's user. */
  readonly etcdHasUsers: boolean;
  /** Memory limit in MiB: as much as a member's. */
  readonly memoryMib: number;
}

type Action = "rehearse" | "run" | "finish" | "back" | "confirm";

/** The member whose volume is upgraded. It must lead before all are stopped. */
const LEADER = memberName(0);

/** A rehearsal keeps the tables of all databases in two servers, without rows. */
const SCRATCH_SIZE = "4Gi";

/** The pod of an action that connects to the leader over the network. */
export function networkPod(args: UpgradePodsArgs, action: Action): k8s.types.input.core.v1.PodSpec {
  const { namespace, secrets } = args;
  return pod(args, action, {
    env: [
      { name: "POSTGRES_HOST", value: serviceHost(POSTGRES.primary, namespace) },
      { name: "POSTGRES_USER", value: "postgres" },
      { name: "POSTGRES_SSLMODE", value: "verify-full" },
      { name: "POSTGRES_SSLROOTCERT", value: `${SERVER_FOLDER}/ca.crt` },
      secretVariable("POSTGRES_PASSWORD", secrets.passwords, PASSWORD_VARIABLES.superuser),
    ],
    mounts: [{ name: "authority", mountPath: SERVER_FOLDER, readOnly: true }],
    volumes: [
      {
        name: "authority",
        secret: { secretName: secrets.serverCertificate, items: [{ key: "ca.crt", path: "ca.crt" }] },
      },
    ],
  });
}

/** The pod of an action that works on the volume of the leader, near the member if that runs. */
export function volumePod(args: UpgradePodsArgs, action: Action): k8s.types.input.core.v1.PodSpec {
  const { secrets, scope, etcdHosts, etcdHasUsers } = args;
  return {
    ...pod(args, action, {
      env: [
        { name: "UPGRADE_DATA", value: PATHS.data },
        { name: "PATRONI_SCOPE", value: scope },
        ...etcdEnvironment(etcdHosts, etcdHasUsers ? secrets.passwords : undefined),
      ],
      mounts: [
        { name: "data", mountPath: PATHS.volume },
        { name: "etcd", mountPath: ETCD_FOLDER, readOnly: true },
      ],
      volumes: [
        { name: "data", persistentVolumeClaim: { claimName: claimName(0) } },
        secretVolume("etcd", secrets.etcdCertificate),
      ],
    }),
    affinity: {
      podAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              topologyKey: "kubernetes.io/hostname",
              labelSelector: { matchLabels: { "statefulset.kubernetes.io/pod-name": LEADER } },
            },
          },
        ],
      },
    },
  };
}

interface OwnParts {
  readonly env: k8s.types.input.core.v1.EnvVar[];
  readonly mounts: k8s.types.input.core.v1.VolumeMount[];
  readonly volumes: k8s.types.input.core.v1.Volume[];
}

function pod(
  { image, from, memoryMib }: UpgradePodsArgs,
  action: Action,
  { env, mounts, volumes }: OwnParts,
): k8s.types.input.core.v1.PodSpec {
  return {
    serviceAccountName: POSTGRES.upgrade,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: restrictedPod(POSTGRES_USER),
    containers: [
      {
        name: "upgrade",
        image,
        args: ["postgres", "upgrade", action],
        env: [
          { name: "LOG_FORMAT", value: "json" },
          { name: "UPGRADE_OLD_PROGRAMS", value: programsOf(from) },
          { name: "UPGRADE_NEW_PROGRAMS", value: PATHS.programs },
          ...env,
        ],
        securityContext: restrictedContainer,
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: `${memoryMib}Mi` } },
        volumeMounts: [...mounts, { name: "work", mountPath: "/tmp" }],
      },
    ],
    volumes: [...volumes, { name: "work", emptyDir: { sizeLimit: SCRATCH_SIZE } }],
  };
}
