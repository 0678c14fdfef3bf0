import type * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { DISK_RESERVE } from "../../../shared/disk-reserve";
import { apart, restrictedContainer, restrictedPod, SCRATCH, STAYS_WITH_VOLUME } from "../../../shared/pods";
import { ARCHIVE_PATHS, archiveServer, archiveVolumes, type MemberArchive, reachesOffsite } from "../archive";
import { secretVolume } from "../job-pod";
import { LABELS, POSTGRES } from "../names";
import { PATHS, POSTGRES_USER } from "../paths";
import type { Failover } from "./clock";
import { MEMBER_RESOLVER, memberEnvironment } from "./member-environment";
import { sharedMemoryMib } from "./memory";

export interface MemberPodArgs {
  /** Image with PostgreSQL, Patroni and pgBackRest. */
  readonly image: pulumi.Input<string>;
  /** Name of the ConfigMap with patroni.yml. */
  readonly configMap: pulumi.Input<string>;
  /** Digest of patroni.yml; a change restarts the members one by one. */
  readonly configDigest: pulumi.Input<string>;
  /** Name of the Secret with the passwords, each under the variable from which Patroni reads it. */
  readonly passwords: pulumi.Input<string>;
  /** Name of the Secret with `ca.crt`, `tls.crt` and `tls.key` for PostgreSQL and the REST API. */
  readonly serverCertificate: pulumi.Input<string>;
  /** Name of the Secret with the same files for a client of etcd. */
  readonly etcdCertificate: pulumi.Input<string>;
  /**
   * Digest of the certificates. A change restarts the members one by one, because Patroni reads its own certificate
   * only when it starts.
   */
  readonly certificateDigest: pulumi.Input<string>;
  /** CPU request in thousandths of a core; the limit too where the pod is guaranteed, else there is none. */
  readonly cpuMillis: number;
  /** Whether the pod has the quality of service Guaranteed: limits equal requests in all its containers. */
  readonly guaranteed: boolean;
  /** Memory request and limit in MiB. A member that exceeds it is killed, with every session. */
  readonly memoryMib: number;
  /** How soon another member leads after the leader is lost; a frozen member is ended before that. */
  readonly failover: Failover;
  /**
   * Whether two members may never share a server. With true, a pod waits while there are too few servers; with false,
   * members share a server only then.
   */
  readonly strictSpread: boolean;
  /** Where WAL is archived to. @default none: there is no archive */
  readonly archive?: MemberArchive | undefined;
}

/**
 * Patroni answers this while its loop runs. A member without a leader is alive, and a restart would not help it.
 *
 * A member that does not answer is ended before its lease is over: a leader whose processes are frozen could otherwise
 * resume after another member took over, and answer reads from the past until it notices. Pods have no /dev/watchdog, with
 * which Patroni does the same elsewhere. The longest time is one period, then `failureThreshold` times the timeout (or the
 * period, if that is longer), then the grace period, since a frozen process ignores SIGTERM: 17 s of 20, and 9 s of 12.
 */
const LIVENESS: Readonly<Record<Failover, Record<string, number>>> = {
  standard: { periodSeconds: 2, timeoutSeconds: 3, failureThreshold: 4, terminationGracePeriodSeconds: 3 },
  fast: { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 3, terminationGracePeriodSeconds: 2 },
};

/** Seconds in which a member can hand over the lead and shut PostgreSQL down in order. */
const TERMINATION_SECONDS = 120;

export function memberPod(args: MemberPodArgs): k8s.types.input.core.v1.PodTemplateSpec {
  return {
    metadata: {
      labels: { ...LABELS.members, ...(args.archive && reachesOffsite(args.archive)) },
      annotations: {
        "trellis/config-digest": args.configDigest,
        "trellis/certificate-digest": args.certificateDigest,
        ...(args.archive && { "trellis/archive-digest": args.archive.digest }),
      },
    },
    spec: {
      serviceAccountName: POSTGRES.serviceAccount,
      enableServiceLinks: false,
      automountServiceAccountToken: false, // Patroni uses etcd, not the Kubernetes API
      priorityClassName: "trellis-data",
      securityContext: { ...restrictedPod(POSTGRES_USER), supplementalGroups: [DISK_RESERVE.group] },
      dnsConfig: MEMBER_RESOLVER,
      terminationGracePeriodSeconds: TERMINATION_SECONDS,
      affinity: { podAntiAffinity: apart(LABELS.members, args.strictSpread) },
      tolerations: STAYS_WITH_VOLUME,
      containers: [postgresContainer(args), ...(args.archive ? [archiveServer(args)] : [])],
      volumes: [
        { name: "config", configMap: { name: args.configMap } },
        secretVolume("server-certificate", args.serverCertificate),
        secretVolume("etcd-certificate", args.etcdCertificate),
        { name: "sockets", emptyDir: {} },
        {
          name: "shared-memory",
          emptyDir: { medium: "Memory", sizeLimit: `${sharedMemoryMib(args.memoryMib)}Mi` },
        },
        ...(args.archive ? archiveVolumes(args.archive) : []),
        SCRATCH.volume,
      ],
    },
  };
}

function postgresContainer(args: MemberPodArgs): k8s.types.input.core.v1.Container {
  const { ports } = POSTGRES;
  const volume = (name: string, mountPath: string, readOnly = false) => ({ name, mountPath, readOnly });
  return {
    name: "postgres",
    image: args.image,
    args: [`${PATHS.config}/patroni.yml`],
    ports: [
      { name: "postgres", containerPort: ports.postgres },
      { name: "patroni", containerPort: ports.rest },
    ],
    env: [
      ...memberEnvironment(),
      ...(args.archive
        ? [
            { name: "ARCHIVE_QUEUE_BYTES", value: String(args.archive.queueBytes) },
            { name: "ARCHIVE_VOLUME", value: PATHS.volume },
          ]
        : []),
    ],
    envFrom: [
      { secretRef: { name: args.passwords } },
      ...(args.archive ? [{ secretRef: { name: args.archive.keys } }] : []),
    ],
    securityContext: restrictedContainer,
    resources: memberResources(args),
    startupProbe: probe("/liveness", { periodSeconds: 5, failureThreshold: 24 }),
    livenessProbe: probe("/liveness", LIVENESS[args.failover]),
    readinessProbe: probe("/readiness", { periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 }),
    volumeMounts: [
      volume("data", PATHS.volume),
      volume("config", PATHS.config, true),
      volume("server-certificate", PATHS.serverCertificates, true),
      volume("etcd-certificate", PATHS.etcdCertificates, true),
      volume("sockets", PATHS.sockets),
      volume("shared-memory", "/dev/shm"),
      ...(args.archive
        ? [volume("archive-config", ARCHIVE_PATHS.config, true), volume("archive-spool", ARCHIVE_PATHS.spool)]
        : []),
      SCRATCH.mount,
    ],
  };
}

/**
 * Among Guaranteed pods alone the kernel kills last when a server runs out of memory, and all members of a cluster may
 * be on servers that others fill. The price is a limit on CPU.
 */
function memberResources({ cpuMillis, memoryMib, guaranteed }: MemberPodArgs) {
  const requests = { cpu: `${cpuMillis}m`, memory: `${memoryMib}Mi` };
  return { requests, limits: guaranteed ? requests : { memory: requests.memory } };
}

function probe(path: string, timing: Record<string, number>): k8s.types.input.core.v1.Probe {
  return { httpGet: { path, port: "patroni", scheme: "HTTPS" }, ...timing };
}
