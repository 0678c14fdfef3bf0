import type { K3sCluster, K3sHost } from "../../../components/servers/k3s/cluster";
import type { K3sServerArgs } from "../../../components/servers/k3s/part";

/** A cluster of three hybrid servers in a private network, as settings and addresses make it. */
export const exampleCluster: K3sCluster = {
  fabric: "private-network",
  network: { servers: "10.0.0.0/16", pods: "10.42.0.0/16", services: "10.43.0.0/16" },
  nodeAddresses: ["10.0.1.10", "10.0.1.11", "10.0.1.12"],
  etcdAddresses: ["10.0.1.10", "10.0.1.11", "10.0.1.12"],
  apiNames: ["203.0.113.7", "data.example.com", "203.0.113.11", "203.0.113.12", "203.0.113.13"],
  cloudController: true,
  registryMirrors: {},
};

export const exampleHost: K3sHost = {
  name: "ubuntu-8gb-fsn1-1",
  location: "fsn1",
  memoryGb: 8,
  architecture: "amd64",
  labels: {},
  privateAddress: "10.0.1.10",
  publicAddress: "203.0.113.11",
};

const pair = (name: string) => ({ cert: `cert of ${name}\n`, key: `key of ${name}\n` });

/** A server whose certificates and secrets are names that tests can look for. */
export const exampleServer: K3sServerArgs = {
  host: exampleHost,
  cluster: exampleCluster,
  authorities: {
    server: pair("server-ca"),
    client: pair("client-ca"),
    requestHeader: pair("request-header-ca"),
    embeddedEtcd: pair("embedded-etcd-ca"),
    serviceAccountKey: "key of service accounts\n",
  },
  etcd: { authority: "cert of etcd-ca\n", client: pair("k3s") },
  secrets: {
    serverToken: "the-server-token",
    agentToken: "the-agent-token",
    tunnelKey: "the-tunnel-key",
    secretsEncryptionKey: Buffer.alloc(32, 7).toString("base64"),
  },
};
