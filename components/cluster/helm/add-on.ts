import type { Environment } from "../../settings";
import { SERVER_PORTS } from "../../shared/address-plan";
import type { GuardedNamespaceArgs } from "../namespaces";

/** A chart that the cluster itself installs: K3s' HelmChart resource. */
export interface AddOn {
  readonly name: string;
  /** Where its pods live; absent where that is kube-system. */
  readonly namespace?: Omit<GuardedNamespaceArgs, "servers">;
  readonly spec: {
    readonly repo?: string;
    readonly chart?: string;
    readonly version?: string;
    readonly chartContent?: string;
    readonly valuesContent?: string;
    readonly targetNamespace: string;
    /** Installed before the nodes are ready, because they are not ready without it. */
    readonly bootstrap?: boolean;
    readonly backOffLimit: number;
    /**
     * After which an unfinished installation counts as failed and is tried again; as Go prints a duration. The Helm
     * controller rewrites another form and then owns the field, so that no later update would be accepted.
     */
    readonly timeout: string;
    /** What follows a failed installation or upgrade. K3s' default, `reinstall`, uninstalls the add-on first. */
    readonly failurePolicy: "retry";
  };
}

export interface AddOnChoices {
  readonly environment: Environment;
  readonly domain: string;
  readonly contact: string;
  readonly certManager: boolean;
  readonly monitoring: boolean;
  /** Hetzner's controllers; `network` is the private network's name, absent in a mesh. */
  readonly hetzner?: { readonly network?: string | undefined } | undefined;
  /** When and to what the K3s binary of nodes is upgraded; absent where the servers are not ours. */
  readonly upgrades?:
    | { readonly version: string; readonly startHour: number; readonly lengthHours: number }
    | undefined;
  /** The cluster addresses of etcd's members, whose metrics are collected. */
  readonly etcd: readonly string[];
  /** How often etcd's snapshots are due; a late one is an alert. */
  readonly snapshotEveryHours: number;
}

/** What every chart is given for its installation: a new cluster takes minutes, and an add-on may need another. */
export const RETRIES = { backOffLimit: 1000, timeout: "10m0s", failurePolicy: "retry" } as const;

/** What API clients in pods reach, services being rewritten: HAProxy's port and the API server's own. */
export const API_PORTS = [SERVER_PORTS.kubernetesApi, SERVER_PORTS.apiServer];

/** The API server reaches webhooks from the servers' addresses. */
export const WEBHOOK = 10250;

export const CLUSTER_ISSUER = "letsencrypt";
