import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { k3sAgentPart, k3sServerPart } from "../../../../../components/servers/k3s/part";
import type { MachinePart } from "../../../../../components/servers/machine";
import { parseSettings } from "../../../../../components/settings";
import { exampleCluster, exampleHost, exampleServer } from "../../../../rigs/kubernetes/k3s-example";
import { K3S_AGENT_FLAGS, K3S_CRITICAL_FLAGS, K3S_SERVER_FLAGS } from "../../../../rigs/kubernetes/k3s-flags";
import { rawSettings, withValue } from "../../../../rigs/platform/stacks";

const file = (part: MachinePart, path: string) => {
  const found = part.files?.find((each) => each.path === path);
  if (!found) throw new Error(`no ${path}`);
  return found;
};
const configuration = (part: MachinePart) => parse(file(part, "/etc/rancher/k3s/config.yaml").content);
const server = (overrides: Partial<typeof exampleServer> = {}) =>
  k3sServerPart({ ...exampleServer, ...overrides });
const mesh = {
  host: { ...exampleHost, privateAddress: undefined },
  cluster: { ...exampleCluster, fabric: "mesh" as const, nodeAddresses: ["203.0.113.11", "203.0.113.12"] },
};
const agent = k3sAgentPart({
  host: exampleHost,
  cluster: exampleCluster,
  apiAuthority: "cert of server-ca\n",
  agentToken: "the-agent-token",
});

describe("a configuration of K3s", () => {
  it("has only options that K3s knows", () => {
    const unknown = (part: MachinePart, flags: readonly string[]) =>
      Object.keys(configuration(part)).filter((key) => !flags.includes(key));

    expect(unknown(server(), K3S_SERVER_FLAGS)).toEqual([]);
    expect(unknown(agent, K3S_AGENT_FLAGS)).toEqual([]);
  });

  it("is the same on all servers where K3s says that it must be", () => {
    const critical = (part: MachinePart) =>
      Object.entries(configuration(part)).filter(([key]) => K3S_CRITICAL_FLAGS.some((flag) => flag === key));
    const other = {
      ...exampleHost,
      name: "ubuntu-16gb-nbg1-7",
      memoryGb: 16,
      architecture: "arm64",
    } as const;

    expect(critical(server({ host: other }))).toEqual(critical(server()));
    expect(critical(server()).length).toBeGreaterThan(5);
  });
});

describe("what the settings add to a node", () => {
  const REGISTRIES = "/etc/rancher/k3s/registries.yaml";
  const host = { ...exampleHost, labels: { disk: "nvme", "example.com/rack": "7" } };
  const mirrored = { ...exampleCluster, registryMirrors: { "docker.io": ["https://mirror.example.com"] } };

  it("are its labels, beside ours", () => {
    const labels: string[] = configuration(server({ host }))["node-label"];
    expect(labels).toEqual([...configuration(server())["node-label"], "disk=nvme", "example.com/rack=7"]);
  });

  it("are mirrors of registries, in K3s' own file", () => {
    expect(parse(file(server({ cluster: mirrored }), REGISTRIES).content)).toEqual({
      mirrors: { "docker.io": { endpoint: ["https://mirror.example.com"] } },
    });
    expect(server().files?.some(({ path }) => path === REGISTRIES)).toBe(false);
  });

  it("are no labels that Kubernetes keeps to itself: a node with one does not register", () => {
    const withLabel = (label: string) => () =>
      parseSettings(withValue(rawSettings("prod"), "target.servers.0.labels", { [label]: "x" }));
    expect(withLabel("node-role.kubernetes.io/storage")).toThrow("with no prefix of kubernetes.io");
    expect(withLabel("kubernetes.io/role")).toThrow("with no prefix of kubernetes.io");
    expect(withLabel("example.com/role")).not.toThrow();
  });
});

describe("a K3s server", () => {
  it("keeps its state in the external etcd, as the user of its certificate", () => {
    expect(configuration(server())).toMatchObject({
      "datastore-endpoint": "https://10.0.1.10:2379,https://10.0.1.11:2379,https://10.0.1.12:2379",
      "datastore-cafile": "/etc/rancher/k3s/etcd/ca.crt",
      "datastore-certfile": "/etc/rancher/k3s/etcd/client.crt",
      "datastore-keyfile": "/etc/rancher/k3s/etcd/client.key",
    });
  });

  it("is like every other but for its own name and addresses", () => {
    const other = {
      ...exampleHost,
      name: "ubuntu-8gb-fsn1-2",
      privateAddress: "10.0.1.11",
      publicAddress: "203.0.113.12",
    };
    const own = ["node-name", "node-ip", "node-external-ip", "advertise-address"];
    const shared = ([key]: [string, unknown]) => !own.includes(key);

    expect(Object.entries(configuration(server({ host: other }))).filter(shared)).toEqual(
      Object.entries(configuration(server())).filter(shared),
    );
  });

  it("leaves 6443 to HAProxy and tells pods its own port", () => {
    expect(configuration(server())).toMatchObject({ "https-listen-port": 6445, "advertise-port": 6445 });
  });

  it("starts with the cluster's own authorities, never with some of its own making", () => {
    const tls = "/var/lib/rancher/k3s/server/tls";
    const laid = server().files?.filter(({ path }) => path.startsWith(tls));

    expect(laid?.map(({ path }) => path.slice(tls.length + 1)).sort()).toEqual([
      "client-ca.crt",
      "client-ca.key",
      "etcd/peer-ca.crt",
      "etcd/peer-ca.key",
      "etcd/server-ca.crt",
      "etcd/server-ca.key",
      "request-header-ca.crt",
      "request-header-ca.key",
      "server-ca.crt",
      "server-ca.key",
      "service.key",
    ]);
  });

  it("encrypts secrets with the key that all servers share", () => {
    const encryption = JSON.parse(
      file(server(), "/var/lib/rancher/k3s/server/cred/encryption-config.json").content,
    );

    expect(configuration(server())["secrets-encryption"]).toBe(true);
    expect(encryption.resources[0].providers[0].secretbox.keys[0].secret).toBe(
      exampleServer.secrets.secretsEncryptionKey,
    );
  });

  it("shows nobody but root what it was given", () => {
    const secrets = ["key of", "token", "tunnel-key", exampleServer.secrets.secretsEncryptionKey];
    const open = server().files?.filter(({ mode }) => mode !== "0600") ?? [];

    expect(open.filter(({ content }) => secrets.some((secret) => content.includes(secret)))).toEqual([]);
  });

  it.each([
    ["kube-apiserver-arg", "enable-admission-plugins=NodeRestriction,EventRateLimit"],
    ["kube-apiserver-arg", "admission-control-config-file=/etc/rancher/k3s/admission.yaml"],
    ["kube-apiserver-arg", "audit-policy-file=/etc/rancher/k3s/audit-policy.yaml"],
    ["kube-apiserver-arg", "audit-log-path=/var/lib/rancher/k3s/server/logs/audit.log"],
    ["kube-apiserver-arg", "audit-log-maxage=30"],
    ["kube-apiserver-arg", "audit-log-maxbackup=10"],
    ["kube-apiserver-arg", "audit-log-maxsize=100"],
    ["kube-apiserver-arg", "service-account-extend-token-expiration=false"],
    ["kube-apiserver-arg", "etcd-compaction-interval=0"],
    ["kube-controller-manager-arg", "terminated-pod-gc-threshold=100"],
    ["kubelet-arg", "streaming-connection-idle-timeout=5m"],
    ["kubelet-arg", "cloud-provider=external"],
  ])("is hardened: %s %s", (component, argument) => {
    expect(configuration(server())[component]).toContain(argument);
  });

  it("reads tokens of an issuer only where the settings name one", () => {
    const oidc = {
      issuer: "https://login.example.com/realms/main",
      clientId: "trellis",
      ...{ usernameClaim: "email", groupsClaim: "groups" },
      ...{ administrators: [], developers: [], readers: [] },
    };
    const argument = "authentication-config=/etc/rancher/k3s/authentication.yaml";
    const withIssuer = server({ cluster: { ...exampleCluster, oidc } });

    expect(configuration(withIssuer)["kube-apiserver-arg"]).toContain(argument);
    expect(parse(file(withIssuer, "/etc/rancher/k3s/authentication.yaml").content).jwt).toEqual([
      {
        issuer: { url: oidc.issuer, audiences: ["trellis"] },
        claimMappings: {
          username: { claim: "email", prefix: "oidc:" },
          groups: { claim: "groups", prefix: "oidc:" },
        },
      },
    ]);
    expect(configuration(server())["kube-apiserver-arg"]).not.toContain(argument);
    expect(() => file(server(), "/etc/rancher/k3s/authentication.yaml")).toThrow();
  });

  it("keeps audit logs where only root looks", () => {
    expect(server().directories).toContainEqual({ path: "/var/lib/rancher/k3s/server/logs", mode: "0700" });
  });

  it("never starts before pods are kept from the metadata address, nor does an agent", () => {
    for (const part of [server(), agent]) {
      const [first] = file(part, "/etc/systemd/system/k3s.service").content.match(/^Exec.*$/m) ?? [];
      expect(first).toBe("ExecStartPre=/usr/sbin/nft -f /etc/trellis/metadata-guard.nft");
    }
  });

  it("never starts before etcd asks its clients who they are; an agent does not use etcd", () => {
    const unit = (part: MachinePart) => file(part, "/etc/systemd/system/k3s.service").content;

    expect(unit(server())).toMatch(
      /^ExecStartPre=\/usr\/local\/lib\/trellis\/await-etcd-authentication\nExecStart=/m,
    );
    expect(unit(agent)).not.toContain("await-etcd-authentication");
  });

  it("takes no taints, for it carries the workload too", () => {
    expect(configuration(server())).not.toHaveProperty("node-taint");
  });

  it("tunnels by WireGuard between public addresses where zones are apart", () => {
    const { host, cluster } = mesh;
    const { privateAddress: _, ...publicHost } = host;
    const part = server({ host: publicHost, cluster });

    expect(configuration(part)).toMatchObject({
      "flannel-backend": "wireguard-native",
      "node-ip": "203.0.113.11",
      "advertise-address": "203.0.113.11",
    });
    expect(configuration(part)).not.toHaveProperty("node-external-ip");
    expect(file(part, "/usr/local/lib/trellis/k3s").content).toContain("interface-of 203.0.113.11)");
  });

  it("names its place itself only where no cloud controller does", () => {
    const alone = server({ cluster: { ...exampleCluster, cloudController: false } });

    expect(configuration(alone)["node-label"]).toContain("topology.kubernetes.io/region=fsn1");
    expect(configuration(alone)["kubelet-arg"]).not.toContain("cloud-provider=external");
    expect(configuration(server())["node-label"].join()).not.toContain("topology");
  });

  it("tells the upgrade plans which release it joined with, as an agent does", () => {
    for (const part of [server(), agent])
      expect(configuration(part)["node-label"]).toContain("trellis.k3s/joined-with=v1.36.4-k3s1");
  });

  it.each([
    [4, "memory=1024Mi"],
    [8, "memory=1536Mi"],
    [64, "memory=1536Mi"],
  ])("keeps its share of %i GB from the pods", (memoryGb, reserved) => {
    const [argument] = configuration(server({ host: { ...exampleHost, memoryGb } }))["kubelet-arg"].filter(
      (each: string) => each.startsWith("system-reserved="),
    );
    expect(argument).toContain(reserved);
  });

  it("takes from the release's own assets the one of its architecture", () => {
    const arm = server({ host: { ...exampleHost, architecture: "arm64" } });

    expect(server().binaries?.[0]?.url).toMatch(/releases\/download\/v1\.36\.4%2Bk3s1\/k3s$/);
    expect(arm.binaries?.[0]?.url).toMatch(/\/k3s-arm64$/);
    expect(arm.binaries?.[0]?.sha256).not.toBe(server().binaries?.[0]?.sha256);
  });

  it("renews nothing on a running machine but its certificate for etcd", () => {
    expect(
      server()
        .files?.filter(({ renewable }) => renewable)
        .map(({ path }) => path),
    ).toEqual(["/etc/rancher/k3s/etcd/client.crt", "/etc/rancher/k3s/etcd/client.key"]);
  });
});

describe("the ingress", () => {
  const spec = (part: MachinePart) =>
    parse(file(part, "/var/lib/rancher/k3s/server/manifests/00-trellis-ingress.yaml").content).spec;
  const values = (part: MachinePart) => parse(spec(part).valuesContent);

  it("listens at the ports that HAProxy sends to, and never asks for a load balancer", () => {
    expect(values(server())).toMatchObject({
      service: { spec: { type: "NodePort" } },
      ports: { web: { nodePort: 30080 }, websecure: { nodePort: 30443 } },
    });
  });

  it("is configured before K3s installs it: K3s applies manifests in the order of their names", () => {
    const names = (server().files ?? [])
      .map(({ path }) => path.match(/\/manifests\/(.*ingress.*)$/)?.[1])
      .filter((name) => name !== undefined);

    expect([...names, "traefik.yaml"].sort()).toEqual([...names, "traefik.yaml"]);
    expect(names).toHaveLength(1);
  });

  it("is upgraded again after a failure, and not uninstalled first", () => {
    expect(spec(server()).failurePolicy).toBe("retry");
  });

  it("believes the PROXY header of the servers' addresses, in a mesh of each one's own", () => {
    const { privateAddress: _, ...publicHost } = mesh.host;
    const trusted = (part: MachinePart) =>
      values(part).additionalArguments.filter((each: string) => each.includes("proxyprotocol"));

    expect(trusted(server())).toEqual([
      "--entrypoints.web.proxyprotocol.trustedips=10.0.0.0/16,10.42.0.0/16",
      "--entrypoints.websecure.proxyprotocol.trustedips=10.0.0.0/16,10.42.0.0/16",
    ]);
    expect(trusted(server({ host: publicHost, cluster: mesh.cluster }))[0]).toContain(
      "=203.0.113.11/32,203.0.113.12/32,10.42.0.0/16",
    );
  });

  it("redirects HTTP to the port that clients use, but not Let's Encrypt's challenges", () => {
    expect(values(server()).additionalArguments).toEqual(
      expect.arrayContaining([
        "--entrypoints.web.http.redirections.entrypoint.to=:443",
        "--entrypoints.web.http.redirections.entrypoint.scheme=https",
        "--entrypoints.web.allowacmebypass=true",
      ]),
    );
  });

  it("gets the namespaces that it watches from a Secret, which may change after the server was made", () => {
    expect(spec(server()).valuesSecrets).toEqual([{ name: "trellis-traefik-values", keys: ["values.yaml"] }]);
  });

  it("refuses spellings of a path that only programs behind it would decode", () => {
    for (const entry of ["web", "websecure"]) {
      for (const character of ["slash", "backslash", "nullcharacter"]) {
        expect(values(server()).additionalArguments).toContain(
          `--entrypoints.${entry}.http.encodedcharacters.allowencoded${character}=false`,
        );
      }
    }
    expect(values(server()).additionalArguments).toContain(
      "--providers.kubernetesingress.strictprefixmatching=true",
    );
  });

  it("ends a request that has not arrived within a minute", () => {
    expect(values(server()).additionalArguments).toEqual(
      expect.arrayContaining([
        "--entrypoints.web.transport.respondingtimeouts.readtimeout=60s",
        "--entrypoints.websecure.transport.respondingtimeouts.readtimeout=60s",
      ]),
    );
  });

  it("does not disrupt its only copy", () => {
    const one = server({ cluster: { ...exampleCluster, nodeAddresses: ["10.0.1.10"] } });

    expect(values(one)).toMatchObject({
      deployment: { replicas: 1 },
      podDisruptionBudget: { enabled: false },
    });
    expect(values(server())).toMatchObject({
      deployment: { replicas: 3 },
      podDisruptionBudget: { enabled: true },
    });
  });
});

describe("a K3s agent", () => {
  it("joins through the HAProxy on its own machine", () => {
    expect(configuration(agent).server).toBe("https://127.0.0.1:6443");
  });

  it("gives its password to nobody but the holder of the cluster's authority", () => {
    const digest = createHash("sha256").update("cert of server-ca\n").digest("hex");

    expect(configuration(agent).token).toBe(`K10${digest}::node:the-agent-token`);
  });

  it("holds no key of an authority, no etcd certificate and no server's token", () => {
    expect(JSON.stringify(agent)).not.toMatch(/-ca\.key|etcd\/client|server-token|encryption-config/);
  });

  it("is told nothing that only servers understand", () => {
    expect(
      Object.keys(configuration(agent)).filter((key) =>
        /^(kube-apiserver|datastore|cluster-|disable)/.test(key),
      ),
    ).toEqual([]);
  });
});
