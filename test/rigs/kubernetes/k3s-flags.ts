/**
 * The options that `k3s server` and `k3s agent` know, as far as a configuration of ours could want them: read in K3s'
 * own pkg/cli/cmds/server.go and agent.go, and in rancher/rke2's pkg/cli/cmds/k3sopts list for what came later
 * (secrets-encryption-provider, node-internal-dns, nonroot-devices). K3s refuses to start over any other key.
 */
export const K3S_AGENT_FLAGS = [
  ...[
    "debug",
    "v",
    "vmodule",
    "log",
    "alsologtostderr",
    "data-dir",
    "token",
    "token-file",
    "server",
    "node-name",
  ],
  ...["with-node-id", "node-label", "node-taint", "node-ip", "node-external-ip", "node-internal-dns"],
  ...[
    "node-external-dns",
    "image-credential-provider-bin-dir",
    "image-credential-provider-config",
    "selinux",
  ],
  ...[
    "lb-server-port",
    "protect-kernel-defaults",
    "container-runtime-endpoint",
    "default-runtime",
    "pause-image",
  ],
  ...["image-service-endpoint", "disable-default-registry-endpoint", "nonroot-devices", "snapshotter"],
  ...["private-registry", "resolv-conf", "flannel-iface", "flannel-conf", "flannel-cni-conf", "vpn-auth"],
  ...["vpn-auth-file", "kubelet-arg", "kube-proxy-arg", "rootless", "prefer-bundled-bin", "docker"],
] as const;

export const K3S_SERVER_FLAGS = [
  ...K3S_AGENT_FLAGS,
  ...[
    "bind-address",
    "https-listen-port",
    "advertise-address",
    "advertise-port",
    "tls-san",
    "tls-san-security",
  ],
  ...[
    "cluster-cidr",
    "service-cidr",
    "service-node-port-range",
    "cluster-dns",
    "cluster-domain",
    "flannel-backend",
  ],
  ...[
    "flannel-ipv6-masq",
    "flannel-external-ip",
    "egress-selector-mode",
    "servicelb-namespace",
    "write-kubeconfig",
  ],
  ...["write-kubeconfig-mode", "write-kubeconfig-group", "helm-job-image", "agent-token", "agent-token-file"],
  ...["cluster-init", "cluster-reset", "cluster-reset-restore-path", "kube-apiserver-arg", "etcd-arg"],
  ...[
    "kube-controller-manager-arg",
    "kube-scheduler-arg",
    "kube-cloud-controller-manager-arg",
    "datastore-endpoint",
  ],
  ...[
    "datastore-cafile",
    "datastore-certfile",
    "datastore-keyfile",
    "kine-tls",
    "default-local-storage-path",
  ],
  ...[
    "disable",
    "disable-scheduler",
    "disable-cloud-controller",
    "disable-kube-proxy",
    "disable-network-policy",
  ],
  ...[
    "disable-helm-controller",
    "embedded-registry",
    "supervisor-metrics",
    "enable-pprof",
    "system-default-registry",
  ],
  ...["secrets-encryption", "secrets-encryption-provider", "etcd-expose-metrics", "etcd-disable-snapshots"],
] as const;

/** What all servers of a cluster must agree on, in the words of K3s' documentation of `k3s server`. */
export const K3S_CRITICAL_FLAGS = [
  ...["agent-token", "cluster-cidr", "cluster-dns", "cluster-domain", "disable-cloud-controller"],
  ...[
    "disable-helm-controller",
    "disable-network-policy",
    "disable",
    "egress-selector-mode",
    "embedded-registry",
  ],
  ...["flannel-backend", "flannel-external-ip", "flannel-ipv6-masq", "secrets-encryption"],
  ...["secrets-encryption-provider", "service-cidr"],
] as const;
