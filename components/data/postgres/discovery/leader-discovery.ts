import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LABELS, POSTGRES } from "../names";
import { type WatcherPodArgs, watcherPod } from "./watcher-pod";

export interface LeaderDiscoveryArgs extends WatcherPodArgs {
  readonly namespace: pulumi.Input<string>;
}

/** A watcher takes over within a second, so one that is being rolled or lost leaves no gap. */
const WATCHERS = 2;

/** The Services that lead to the leader and to the replicas, and the watchers that keep them right. */
export class LeaderDiscovery extends pulumi.ComponentResource {
  /** For what must not start before there is a way to the leader. */
  readonly services: readonly pulumi.Resource[];

  constructor(name: string, args: LeaderDiscoveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("trellis:postgres:LeaderDiscovery", name, {}, opts);
    const { namespace } = args;
    const child = { parent: this };
    const metadata = { name: POSTGRES.discovery, namespace, labels: LABELS.discovery };

    this.services = [POSTGRES.primary, POSTGRES.replica].flatMap((service) =>
      this.declareService(name, service, namespace),
    );
    const account = new k8s.core.v1.ServiceAccount(
      `${name}-account`,
      { metadata, automountServiceAccountToken: false },
      child,
    );
    const role = new k8s.rbac.v1.Role(
      `${name}-role`,
      {
        metadata,
        rules: [
          {
            apiGroups: ["discovery.k8s.io"],
            resources: ["endpointslices"],
            resourceNames: [POSTGRES.primary, POSTGRES.replica],
            verbs: ["get", "update", "patch"],
          },
        ],
      },
      child,
    );
    const binding = new k8s.rbac.v1.RoleBinding(
      `${name}-binding`,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: POSTGRES.discovery },
        subjects: [{ kind: "ServiceAccount", name: POSTGRES.discovery, namespace }],
      },
      child,
    );
    new k8s.apps.v1.Deployment(
      `${name}-watcher`,
      {
        metadata,
        spec: {
          replicas: WATCHERS,
          selector: { matchLabels: LABELS.discovery },
          template: watcherPod(args),
        },
      },
      { parent: this, dependsOn: [account, role, binding, ...this.services] },
    );
    new k8s.policy.v1.PodDisruptionBudget(
      `${name}-disruption`,
      { metadata, spec: { maxUnavailable: 1, selector: { matchLabels: LABELS.discovery } } },
      child,
    );
    this.registerOutputs({});
  }

  /**
   * A Service without a selector, and its slice, which is declared so that the watchers need no right to make any. What is
   * in it is theirs.
   */
  private declareService(name: string, service: string, namespace: pulumi.Input<string>): pulumi.Resource[] {
    const port = { name: "postgres", port: POSTGRES.ports.postgres };
    const declared = new k8s.core.v1.Service(
      `${name}-${service}`,
      {
        metadata: {
          name: service,
          namespace,
          labels: LABELS.discovery,
          // At the first `up` its slice is empty until there is a leader, for whom nothing shall wait here.
          annotations: { "pulumi.com/skipAwait": "true" },
        },
        spec: { ports: [port] },
      },
      { parent: this },
    );
    const slice = new k8s.discovery.v1.EndpointSlice(
      `${name}-${service}-slice`,
      {
        metadata: {
          name: service,
          namespace,
          labels: {
            "kubernetes.io/service-name": service,
            // Otherwise Kubernetes' own controller would take it for one of its own.
            "endpointslice.kubernetes.io/managed-by": "postgres-discovery.trellis.dev",
          },
        },
        addressType: "IPv4",
        endpoints: [],
        ports: [port],
      },
      {
        parent: this,
        dependsOn: declared,
        ignoreChanges: ["endpoints", "ports", "metadata.annotations", "metadata.labels"],
      },
    );
    return [declared, slice];
  }
}
