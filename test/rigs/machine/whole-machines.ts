import { generateKeyPairSync } from "node:crypto";
import type { MachinePart } from "../../../components/servers/machine";
import { type MachineFacts, machineParts } from "../../../components/servers/machine-parts";
import { type Node, nodesOf } from "../../../components/settings";
import { targetWith } from "../hetzner/targets";
import { issuePki } from "../pki/issued-pki";

export interface WholeMachine {
  readonly node: Node;
  readonly parts: readonly MachinePart[];
  /** What its parts were rendered from, secrets included. */
  readonly facts: MachineFacts;
}

/**
 * The servers of our prod stack with an agent beside them, or of other settings, whole: real keys and certificates,
 * everything switched on. What is true of these is true of what boots.
 */
export async function wholeMachines(
  settings: Readonly<Record<string, unknown>> = {},
): Promise<WholeMachine[]> {
  const servers = [
    { location: "fsn1", types: ["cpx32"], numbers: [1, 2, 3] },
    { location: "fsn1", types: ["cpx32"], roles: ["workload"], numbers: [4] },
  ];
  const target = targetWith({ servers, edge: { kind: "floating-ip" }, ...settings });
  const nodes = nodesOf(target);
  const publicAddress = Object.fromEntries(nodes.map(({ name }, index) => [name, `203.0.113.${11 + index}`]));
  const members = nodes.filter(({ roles }) => roles.includes("etcd"));
  const pki = await issuePki(
    members.map(({ name, privateAddress }) => ({
      name,
      address: privateAddress ?? publicAddress[name] ?? "",
    })),
  );
  const facts: MachineFacts = {
    cluster: "trellis",
    target,
    domain: "data.example.com",
    publicAddress,
    front: "203.0.113.7",
    floatingIpId: "4711",
    hcloudToken: "t".repeat(64),
    authorities: pki.k3s,
    apiAuthority: pki.apiAuthority,
    apiHealth: pki.apiHealth,
    etcdAuthority: pki.etcdAuthority,
    etcdMembers: pki.etcdMembers,
    etcdUsers: pki.etcdUsers,
    joinSecrets: pki.secrets,
    patroniPassword: "p".repeat(40),
    snapshotKey: openSshKey(),
    snapshotStore: {
      endpoint: "https://fsn1.your-objectstorage.com",
      region: "fsn1",
      bucket: "trellis-snapshots",
      accessKey: "A".repeat(20),
      secretKey: "s".repeat(40),
    },
    postgres: { members: 3, certificateAuthority: pki.postgresAuthority },
  };
  return nodes.map((node) => ({ node, facts, parts: machineParts(node, facts) }));
}

/** In the size of OpenSSH's form, which nothing here reads. */
function openSshKey() {
  const { privateKey } = generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  return { publicKey: `ssh-ed25519 ${"A".repeat(68)}`, privateKey: privateKey.repeat(3) };
}
