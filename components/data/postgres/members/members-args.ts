import type * as pulumi from "@pulumi/pulumi";
import type { EtcdAccess } from "../../../servers";
import type { KubernetesName, ParameterValue, Synchronous } from "../../../settings";
import type { TrustedPair } from "../trusted-pair";
import type { Failover } from "./clock";

/** How the members are sized, spread and reached: arguments of both PostgreSQL and its members. */
export interface MembersArgs {
  /** PostgreSQL's namespace, as an output that resolves once its network policies and quota exist. */
  readonly namespace: pulumi.Input<string>;

  /** Name of the cluster in etcd. */
  readonly scope: string;

  /** Number of members, the leader included. With one member, nothing takes over when it fails. */
  readonly replicas: number;

  /**
   * Whether a commit waits until a standby has it. With false, commits are faster, and a failover can lose acknowledged
   * rows. With `strict`, commits wait also while there is no standby.
   */
  readonly synchronous: Synchronous;

  /**
   * How soon another member leads after the leader is lost. `fast` needs servers in one zone with local disks; elsewhere
   * it causes needless failovers.
   * @default standard
   */
  readonly failover?: Failover | undefined;

  /** Further parameters of PostgreSQL, judged by the settings. @default none */
  readonly parameters?: Readonly<Record<string, ParameterValue>> | undefined;

  /** Whether two members may never share a server. With true, a pod waits while there are too few servers. */
  readonly strictSpread: boolean;

  /** CPU request of each member, in thousandths of a core; the limit too with `guaranteed`. */
  readonly cpuMillis: number;
  /**
   * Whether members have the quality of service Guaranteed. The kernel then kills other processes first when a server
   * runs out of memory, and a member uses no more CPU than `cpuMillis`.
   * @default false
   */
  readonly guaranteed?: boolean | undefined;
  /**
   * Memory request and limit of each member in MiB. PostgreSQL's memory parameters and `max_connections` grow with it;
   * a change restarts the members one by one.
   */
  readonly memoryMib: number;

  /**
   * Size of each member's data in GiB. Its volume is larger by `archive.queueGib`, for WAL that waits for the archive. A
   * larger one grows the volumes of existing members where their class can.
   */
  readonly volumeGib: number;
  /** Whether volumes of this class can grow. @default unknown before it is tried */
  readonly volumesGrow?: boolean | undefined;
  /**
   * StorageClass of the members' volumes and of a recovery server's. A change has no effect on existing members.
   * @default the cluster's default
   */
  readonly storageClass?: KubernetesName | undefined;

  /** CIDRs of the pods: of the members, the jobs and the applications. */
  readonly pods: readonly string[];

  /** HAProxy's source CIDRs. Prefer one shared range: otherwise each new server restarts PostgreSQL. */
  readonly servers: pulumi.Input<readonly string[]>;

  /** Whether every server gets a NodePort for each member, through which HAProxy reaches it. */
  readonly nodePorts: boolean;

  /** The etcd that holds Patroni's leader key and configuration. */
  readonly etcd: EtcdAccess;

  /** The certificate that PostgreSQL and the REST API present to clients and to each other. */
  readonly certificate: TrustedPair;

  /**
   * The major release that the data are of, while they are moved to the image's. @default none: the data are of the
   * image's release
   */
  readonly upgradeFrom?: number | undefined;

  /** Whether Pulumi refuses to delete or replace what cannot be recreated. @default false */
  readonly protection?: boolean | undefined;
}
