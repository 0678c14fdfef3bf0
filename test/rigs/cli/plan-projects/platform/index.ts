import * as hcloud from "@pulumi/hcloud";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { recordArtefact } from "../../../../../components/shared/artefacts";
import { UserError } from "../../../../../components/shared/user-error";

/** Servers with what is rendered for them, behind a floating IP. */
class Servers extends pulumi.ComponentResource {
  readonly address: pulumi.Output<string>;

  constructor(name: string, count: number, opts?: pulumi.ComponentResourceOptions) {
    super("platform:index:Servers", name, {}, opts);
    const child = { parent: this };
    const network = new hcloud.Network(`${name}-network`, { ipRange: "10.0.0.0/16" }, child);
    const password = new random.RandomPassword(`${name}-password`, { length: 32 }, child);
    const key = new tls.PrivateKey(`${name}-key`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, child);
    for (let number = 1; number <= count; number++) {
      const location = ["fsn1", "nbg1", "hel1"][number % 3] ?? "fsn1";
      const node = `ubuntu-8gb-${location}-${Math.ceil(number / 3)}`;
      const ip = new hcloud.PrimaryIp(
        `${name}-${node}-ip`,
        { type: "ipv4", autoDelete: false, assigneeType: "server", location },
        { ...child, protect: true },
      );
      const server = new hcloud.Server(
        `${name}-${node}`,
        {
          name: node,
          serverType: "ccx23",
          image: "ubuntu-24.04",
          location,
          labels: {
            "trellis-role-control-plane": "true",
            "trellis-role-workload": "true",
            ...(number <= 3 && { "trellis-role-etcd": "true" }),
          },
          networks: [{ networkId: network.id.apply(Number), ip: `10.0.1.${9 + number}` }],
          publicNets: [{ ipv4Enabled: true, ipv4: ip.id.apply(Number), ipv6Enabled: false }],
          userData: pulumi.interpolate`#cloud-config\nwrite_files:\n  - content: |\n      ${key.privateKeyPem}\n`,
        },
        child,
      );
      recordArtefact(
        server,
        `servers/${node}/haproxy.cfg`,
        pulumi.interpolate`frontend api\n  bind :6443\nfrontend web\n  bind :80,:443\nfrontend db\n  bind :5432\n# ${password.result}\n`,
      );
      recordArtefact(server, `servers/${node}/keepalived.conf`, "vrrp_instance edge {\n}\n");
      recordArtefact(server, `servers/${node}/k3s/config.yaml`, "secrets-encryption: true\n");
      if (number <= 3) recordArtefact(server, `servers/${node}/etcd/etcd.conf.yml`, `name: ${node}\n`);
    }
    const floating = new hcloud.FloatingIp(`${name}-edge`, { type: "ipv4", homeLocation: "fsn1" }, child);
    this.address = floating.ipAddress;
    this.registerOutputs({ address: this.address });
  }
}

/** A namespace and what runs in it. */
class Workloads extends pulumi.ComponentResource {
  constructor(name: string, kinds: Readonly<Record<string, number>>, opts?: pulumi.ComponentResourceOptions) {
    super("platform:index:Workloads", name, {}, opts);
    const child = { parent: this };
    new k8s.core.v1.Namespace(name, { metadata: { name } }, child);
    const password = new random.RandomPassword(`${name}-password`, { length: 32 }, child);
    new k8s.core.v1.Secret(
      `${name}-secret`,
      {
        metadata: { name: "login", namespace: name },
        stringData: { user: "admin", password: password.result },
      },
      child,
    );
    for (const [workload, replicas] of Object.entries(kinds)) {
      const labels = { app: workload };
      new k8s.apps.v1.Deployment(
        `${name}-${workload}`,
        {
          metadata: { name: workload, namespace: name },
          spec: {
            replicas,
            selector: { matchLabels: labels },
            template: { metadata: { labels }, spec: { containers: [{ name: workload, image: workload }] } },
          },
        },
        child,
      );
    }
    this.registerOutputs({});
  }
}

export default async function platform() {
  const config = new pulumi.Config();
  const count = config.requireNumber("servers");
  if (count % 2 === 0 && count < 4) throw new UserError(`servers: given ${count}; allowed: an odd number`);
  const servers = new Servers("servers", count);
  new Workloads("postgres", { patroni: 3, "leader-watcher": 2 });
  new Workloads("airflow", { scheduler: 1, "api-server": 1, triggerer: 1 });
  new Workloads("monitoring", { grafana: 1 });
  new k8s.apiextensions.CustomResource("cert-manager", {
    apiVersion: "helm.cattle.io/v1",
    kind: "HelmChart",
    metadata: { name: "cert-manager", namespace: "kube-system" },
    spec: { chart: "cert-manager", targetNamespace: "cert-manager" },
  });
  await pulumi.log.warn("ubuntu-24.04 is a long way from its end of support", servers);
  return {
    endpoints: { api: pulumi.interpolate`https://${servers.address}:6443` },
    token: config.getSecret("token"),
    monthlyCost: 97.5,
  };
}
