// A highly available K3s cluster on Hetzner, and nothing else: servers, etcd, HAProxy and a floating IP.
import * as pulumi from "@pulumi/pulumi";
import { HetznerCluster, hetznerTarget, surveyAccount } from "../components";

export default async function program() {
  const config = new pulumi.Config("example");
  const target = hetznerTarget.parse({
    kind: "hetzner",
    servers: ["fsn1", "nbg1", "hel1"].map((location) => ({ location, types: ["cpx32"] })),
    access: {
      sshKeys: [{ name: "admin", publicKey: config.require("sshKey") }],
      from: config.requireObject("adminRanges"),
    },
    edge: { kind: "floating-ip" },
  });
  const cluster = new HetznerCluster("cluster", {
    cluster: "example",
    domain: config.require("domain"),
    target,
    certificateEpoch: 1,
    hcloudToken: config.requireSecret("hcloudToken"),
    survey: await surveyAccount("example"),
  });
  return { api: cluster.api, kubeconfig: cluster.kubeconfig };
}
