import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../waiting";
import type { Apart } from "./apart";
import { CLUSTER_DNS, CLUSTER_DOMAIN, type ControlPlane, PODS, SERVICES } from "./control-plane";
import { busyboxImage, PAUSE_IMAGE } from "./images";

/** What keeps network policies. */
export const POLICY_PROGRAMS = ["kube-router", "iptables", "ipset"];

export const NODE_PROGRAMS = [
  ...["kubelet", "containerd", "ctr", "runc"],
  ...["kube-proxy", "conntrack"],
  ...POLICY_PROGRAMS,
];

/** The node's share of the pods' addresses. */
export const POD_RANGE = PODS.replace("/16", "/24");

/** Where Debian puts the plugins that lay a pod's network. */
const CNI_PLUGINS = "/usr/lib/cni";

/** A real node: pods on it are processes in containers, with limits that the kernel keeps. */
export class Node {
  readonly #apart: Apart;
  readonly #controlPlane: ControlPlane;
  readonly #name: string;

  constructor(apart: Apart, controlPlane: ControlPlane, name: string) {
    this.#apart = apart;
    this.#controlPlane = controlPlane;
    this.#name = name;
  }

  /** Starts what a node runs; it reports itself ready a while later. */
  async start(): Promise<void> {
    this.#startContainers();
    await eventually("containerd answers", 120_000, () => this.containers("version") !== "");
    await this.load(await busyboxImage(this.#apart.path("images")));
    this.#startKubelet();
    this.#startProxy();
  }

  /** Starts what keeps network policies on K3s' nodes. The API must know the node, which no pod should have yet. */
  async keepPolicies(): Promise<void> {
    const apart = this.#apart;
    const user = { commonName: "kube-router", organization: "system:masters" };
    apart.start(
      "kube-router",
      [
        `--kubeconfig=${this.#controlPlane.kubeconfig("kube-router", user)}`,
        `--hostname-override=${this.#name}`,
        `--service-cluster-ip-range=${SERVICES}`,
      ],
      { among: "everything" },
    );
    await eventually("network policies are kept", 120_000, () =>
      apart.run("iptables", ["--list-rules", "FORWARD"]).includes("KUBE-ROUTER-FORWARD"),
    );
  }

  /** Takes in the images of a tar archive and answers the names by which pods can ask for them. */
  async load(archive: string, repository?: string): Promise<string[]> {
    const said = this.containers("images", "import", archive);
    const taken = [...said.matchAll(/^unpacking (\S+) \((sha256:[0-9a-f]+)\)/gm)];
    return taken.flatMap(([, name = "", digest = ""]) => {
      const wanted = [
        ...(repository ? [`${repository}:latest`] : [name]),
        `${repository ?? name.replace(/:[^:/]+$/, "")}@${digest}`,
      ];
      this.containers("images", "tag", "--force", name, ...wanted.filter((each) => each !== name));
      return wanted;
    });
  }

  /** Speaks to containerd as an administrator of the node does. */
  containers(...words: string[]): string {
    return this.#apart.run("ctr", [`--address=${this.#socket}`, "--namespace=k8s.io", ...words]);
  }

  get #socket(): string {
    return this.#apart.path("containerd.sock");
  }

  #startContainers(): void {
    const apart = this.#apart;
    const network = {
      cniVersion: "0.4.0",
      name: "pods",
      plugins: [
        {
          type: "bridge",
          bridge: "cni0",
          isGateway: true,
          ipMasq: true,
          hairpinMode: true,
          ipam: {
            type: "host-local",
            ranges: [[{ subnet: POD_RANGE }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
        { type: "portmap", capabilities: { portMappings: true } },
      ],
    };
    apart.file("cni/10-pods.conflist", JSON.stringify(network));
    const configuration = `version = 2
root = "${apart.path("containerd")}"
state = "${apart.path("containerd-state")}"
[grpc]
  address = "${this.#socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${apart.path("containerd-opt")}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  stream_server_address = "127.0.0.1"
  netns_mounts_under_state_dir = true
  # What this machine may lack, or may not give to namespaces.
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${apart.path("cni")}"
`;
    apart.start("containerd", [`--config=${apart.file("containerd.toml", configuration)}`], {
      among: "everything",
    });
  }

  #startKubelet(): void {
    const apart = this.#apart;
    const user = `system:node:${this.#name}`;
    const serving = this.#controlPlane.issue("kubelet", {
      commonName: user,
      organization: "system:nodes",
      addresses: [apart.address],
      names: [this.#name],
      usages: ["server"],
    });
    mkdirSync(apart.path("kubelet"), { recursive: true });
    const configuration = {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      address: apart.address,
      authentication: {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: apart.path("pki/ca.crt") },
      },
      authorization: { mode: "Webhook" },
      tlsCertFile: serving.cert,
      tlsPrivateKeyFile: serving.key,
      // As our servers' K3s tells its own.
      seccompDefault: true,
      podPidsLimit: 4096,
      // This machine's ways.
      cgroupRoot: `/${apart.cgroup}`,
      cgroupDriver: "cgroupfs",
      failCgroupV1: false,
      failSwapOn: false,
      enforceNodeAllocatable: ["pods"],
      containerRuntimeEndpoint: `unix://${this.#socket}`,
      clusterDNS: [CLUSTER_DNS],
      clusterDomain: CLUSTER_DOMAIN,
      resolvConf: apart.file("resolv.conf", `nameserver ${CLUSTER_DNS}\n`, 0o644),
      healthzBindAddress: "127.0.0.1",
      podLogsDir: apart.path("pod-logs"),
      volumePluginDir: apart.path("volume-plugins"),
      // The machine is shared with other tests, and its disk is not ours to clear.
      evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      syncFrequency: "5s",
    };
    apart.start(
      "kubelet",
      [
        `--config=${apart.file("kubelet.json", JSON.stringify(configuration))}`,
        `--kubeconfig=${this.#controlPlane.kubeconfig("kubelet", { commonName: user, organization: "system:nodes" })}`,
        `--hostname-override=${this.#name}`,
        `--node-ip=${apart.address}`,
        `--root-dir=${apart.path("kubelet")}`,
      ],
      { among: "everything" },
    );
  }

  #startProxy(): void {
    const apart = this.#apart;
    const configuration = {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      bindAddress: apart.address,
      healthzBindAddress: "127.0.0.1:10256",
      metricsBindAddress: "127.0.0.1:10249",
      clientConnection: {
        kubeconfig: this.#controlPlane.kubeconfig("kube-proxy", { commonName: "system:kube-proxy" }),
      },
      clusterCIDR: PODS,
      mode: "iptables",
      hostnameOverride: this.#name,
      conntrack: { maxPerCore: 0, min: 0 }, // the kernel's own limit is not ours to change
    };
    const file = apart.file("kube-proxy.json", JSON.stringify(configuration));
    apart.start("kube-proxy", [`--config=${file}`], { among: "everything" });
  }
}

export const cniPlugins = ["bridge", "host-local", "loopback", "portmap"].map((name) =>
  join(CNI_PLUGINS, name),
);
