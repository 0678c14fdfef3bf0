import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { renderCloudInit } from "../../../../../components/servers/machine";
import type { MachineFacts } from "../../../../../components/servers/machine-parts";
import type { Role } from "../../../../../components/settings";
import { filesIn } from "../../../../rigs/machine/user-data";
import { type WholeMachine, wholeMachines } from "../../../../rigs/machine/whole-machines";
import { evaluateServers } from "../../../../rigs/platform/platform";
import { rawSettings, repository, STACKS, withValue } from "../../../../rigs/platform/stacks";
import { describeWith } from "../../../../rigs/programs";

/** The secrets of the first boot, as the table in docs/security.md names them. */
const SECRETS: Readonly<Record<string, (facts: MachineFacts, server: string) => readonly string[]>> = {
  "private keys of K3s' CAs, and the key that signs service account tokens": ({ authorities }) => [
    authorities.server.key,
    authorities.client.key,
    authorities.requestHeader.key,
    authorities.serviceAccountKey,
  ],
  "K3s' server token, and the key that encrypts Secrets in etcd": ({ joinSecrets }) => [
    joinSecrets.serverToken,
    joinSecrets.secretsEncryptionKey,
  ],
  "key of etcd's user `k3s`, who reads and writes all of Kubernetes": ({ etcdUsers }) => [etcdUsers.k3s.key],
  "Hetzner token, with `target.edge.kind: floating-ip`": ({ hcloudToken = "" }) => [hcloudToken],
  "keys of the etcd member and of etcd's user `root`": ({ etcdMembers, etcdUsers }, server) => [
    etcdUsers.root.key,
    ...(etcdMembers[server] ? [etcdMembers[server].server.key, etcdMembers[server].peer.key] : []),
  ],
  "password of etcd's user `patroni`": ({ patroniPassword }) => [patroniPassword],
  "key that decrypts etcd's snapshots, and the keys of their bucket": ({ snapshotKey, snapshotStore }) => [
    snapshotKey.privateKey.trim(),
    snapshotStore?.secretKey ?? "",
  ],
  "token with which agents join": ({ joinSecrets }) => [joinSecrets.agentToken],
};

/** A server of each kind; a server of two kinds has what both have. */
const servers: readonly { readonly roles: readonly Role[]; readonly numbers: readonly number[] }[] = [
  { roles: ["control-plane"], numbers: [1] },
  { roles: ["etcd", "workload"], numbers: [2] },
  { roles: ["workload"], numbers: [3] },
  { roles: ["control-plane", "etcd", "workload"], numbers: [4, 5] },
];

/** The answers of the documentation's table, by secret, for a server with each of the roles. */
function documented(): ReadonlyMap<string, Readonly<Record<Role, string>>> {
  const page = readFileSync(join(repository, "docs/security.md"), "utf8");
  const [, table = ""] = page.split("| in the user data of a server |");
  const rows = table.split("\n\n")[0]?.split("\n").slice(2) ?? [];
  return new Map(
    rows.map((row) => {
      const [, secret = "", controlPlane = "", etcd = "", workload = ""] = row
        .split("|")
        .map((cell) => cell.trim());
      return [secret, { "control-plane": controlPlane, etcd, workload }];
    }),
  );
}

function contents(userData: string): string {
  return [...filesIn(userData).values()].join("\n");
}

describeWith(["openssl"], "the secrets in the user data of a server", () => {
  it("are those that docs/security.md names for its roles", async () => {
    const machines: readonly WholeMachine[] = await wholeMachines({
      servers: servers.map((group) => ({ location: "fsn1", types: ["cpx32"], ...group })),
    });
    const table = documented();
    expect([...table.keys()]).toEqual(Object.keys(SECRETS));

    for (const { node, parts, facts } of machines) {
      const files = contents(renderCloudInit(parts));
      const found = Object.entries(SECRETS).map(([secret, valuesOf]) => {
        const values = valuesOf(facts, node.name);
        expect(values.filter((value) => value.length < 16)).toEqual([]);
        const present = values.map((value) => files.includes(value));
        expect(new Set(present).size, `all or none: ${secret}`).toBe(1);
        return [secret, present[0] ? "yes" : "no"];
      });
      const promised = [...table].map(([secret, answers]) => [
        secret,
        node.roles.some((role) => answers[role] === "yes") ? "yes" : "no",
      ]);
      expect(Object.fromEntries(found), `${node.name}: ${node.roles}`).toEqual(Object.fromEntries(promised));
    }
  });

  it.each(STACKS)(
    "include the Hetzner token on no server of %s that cannot hold the floating IP",
    async (stack) => {
      const raw = rawSettings(stack);
      const { servers: own } = raw.target as { servers: readonly { readonly location: string }[] }; // a sample's
      const agents = { ...own[0], roles: ["workload"], count: undefined, numbers: [77, 78] };
      const { resources } = await evaluateServers(withValue(raw, "target.servers", [...own, agents]), stack);

      const holders = (agent: boolean) =>
        resources
          .filter(({ type, name }) => type === "hcloud:index/server:Server" && /-7[78]$/.test(name) === agent)
          .map(({ inputs }) => contents(String(inputs.userData)).includes("hcloudToken-that-is-secret"));
      expect(holders(true)).toEqual([false, false]);
      expect(new Set(holders(false))).toEqual(new Set([stack === "prod"]));
    },
  );
});
