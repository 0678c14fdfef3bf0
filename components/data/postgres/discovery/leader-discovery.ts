import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { LABELS, POSTGRES } from "../names";
import { type WatcherPodArgs, watcherPod } from "./watcher-pod";

export interface LeaderDiscoveryArgs extends WatcherPodArgs {
  /** PostgreSQL's namespace. */
  readonly namespace: pulumi.Input<string>;
}

/** A second watcher takes over within a second, so a rollout or the loss of one leaves no gap. */
const WATCHERS = 2;

/** Creates the Services for the leader and for the replicas, and the watchers that keep their endpoints up to date. */
export class LeaderDiscovery extends pulumi.ComponentResource {
  /** Depend on these to wait until the Services exist. */
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
   * A Service without a selector, and its EndpointSlice. The slice is declared here, so that the watchers need no
   * permission to create any; only the watchers change its content.
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
          // At the first `up` the slice is empty until there is a leader, and nothing here should wait for one.
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
            // Otherwise Kubernetes' own controller would manage the slice.
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
