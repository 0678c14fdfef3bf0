import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { commandsFor, effectsOf } from "../../../../cli/apply/effects";
import {
  foundServer,
  type MachineState,
  stateOf,
  stateOfUserData,
} from "../../../../cli/apply/machine-state";
import { changeOf, inOrder, isEmpty } from "../../../../cli/apply/plan";
import { entriesOf, type MachinePart, renderCloudInit } from "../../../../components/servers/machine";
import { machineParts } from "../../../../components/servers/machine-parts";
import { sha256 } from "../../../../components/shared/digest";
import { tar } from "../../../../components/shared/tar";
import { type WholeMachine, wholeMachines } from "../../../rigs/machine/whole-machines";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample anna@example.com";

describe("what trellis apply changes on a server", () => {
  let machines: WholeMachine[];
  beforeAll(async () => {
    machines = await wholeMachines();
  });

  const machine = (index: number): WholeMachine => {
    const found = machines[index];
    if (!found) throw new Error(`there is no server ${index}`);
    return found;
  };

  /** A server on which a state is recorded and on the disk, but for what `onDisk` says of paths. */
  function booted(state: MachineState, onDisk: Readonly<Record<string, string>> = {}) {
    const entries = [...state.entries.values()];
    const record = gzipSync(tar(entries)).toString("base64");
    const lines = [
      "image\tubuntu-24.04",
      `record\t${record}`,
      `key\t${KEY.split(" ").slice(0, 2).join(" ")}`,
      ...entries.map(({ path, mode, owner, content }) => {
        const whole = owner.includes(":") ? owner : `${owner}:${owner}`;
        const digest = content === undefined ? "" : sha256(onDisk[path] ?? content);
        return `entry\t${path}\t${Number(mode)}\t${whole}\t${digest}`;
      }),
      ...state.installed.programs.map(
        ({ path, sha256: digest }) => `entry\t${path}\t755\troot:root\t${digest}`,
      ),
      "end\tyes",
    ];
    return foundServer(lines.join("\n"));
  }

  const boot = { image: "ubuntu-24.04", sshKeys: [KEY], userData: "", mark: "m" };
  const change = (former: readonly MachinePart[], wanted: readonly MachinePart[]) =>
    changeOf("fsn1-1", stateOf(entriesOf(wanted)), boot, booted(stateOf(entriesOf(former))));

  /** A server's parts with other text in one of its files. */
  const withFile = (parts: readonly MachinePart[], path: string, edit: (content: string) => string) =>
    parts.map((part) => ({
      ...part,
      files: (part.files ?? []).map((file) =>
        file.path === path ? { ...file, content: edit(file.content) } : file,
      ),
    }));
  const withoutFile = (parts: readonly MachinePart[], path: string) =>
    parts.map((part) => ({ ...part, files: (part.files ?? []).filter((file) => file.path !== path) }));

  it("reads from user data what was packed into them", () => {
    const { parts } = machine(0);
    const byPath = ({ entries, installed }: MachineState) => ({
      entries: new Map([...entries].sort()),
      installed,
    });
    expect(byPath(stateOfUserData(renderCloudInit(parts)))).toEqual(byPath(stateOf(entriesOf(parts))));
    const { installed } = stateOf(entriesOf(parts));
    expect(installed.users).toContain("etcd");
    expect(installed.packages).toContain("haproxy");
    expect(installed.programs.map(({ path }) => path)).toEqual(
      ["etcd", "etcdctl", "etcdutl", "k3s"].map((name) => `/usr/local/bin/${name}`),
    );
  });

  it("is nothing where its first boot would be the same", () => {
    for (const { parts } of machines) {
      const same = change(parts, parts);
      expect(isEmpty(same)).toBe(true);
      expect(same).toMatchObject({ effects: [], notes: [], refusals: [] });
    }
  });

  it.each([
    ["/etc/haproxy/haproxy.cfg", ["haproxy"]],
    ["/etc/etcd/etcd.yaml", ["etcd"]],
    ["/etc/ssh/sshd_config.d/10-trellis.conf", ["ssh"]],
    ["/etc/trellis/floating-ip.authorization", []],
    ["/etc/keepalived/keepalived.conf.template", ["keepalived"]],
    ["/etc/rancher/k3s/audit-policy.yaml", ["k3s"]],
    ["/usr/local/sbin/trellis-etcd", []],
  ])("restarts after a change of %s: %s", (path, effects) => {
    const { parts } = machine(0);
    const changed = change(
      parts,
      withFile(parts, path, (text) => `${text}other: more\n`),
    );
    expect(changed.write).toEqual([path]);
    expect(changed).toMatchObject({ remove: [], fetch: [], effects, refusals: [] });
  });

  it("restarts in the order in which things depend on each other", () => {
    const { parts } = machine(0);
    const paths = ["/etc/rancher/k3s/audit-policy.yaml", "/etc/haproxy/haproxy.cfg", "/etc/etcd/etcd.yaml"];
    const changed = paths.reduce((all, path) => withFile(all, path, (text) => `${text}other: more\n`), parts);
    expect(change(parts, changed).effects).toEqual(["etcd", "haproxy", "k3s"]);
    expect(commandsFor(["k3s", "etcd"], ["/var/lib/trellis/setup/05-k3s"])).toMatch(
      /restart --no-block etcd\.service\nawait_health\n[\s\S]*sh -eu \/var\/lib\/trellis\/setup\/05-k3s\n/,
    );
  });

  it("has a rule for every file and program of every kind of server", async () => {
    const others = await wholeMachines({
      edge: { kind: "load-balancer", type: "lb11" },
      kubernetes: {
        oidc: { issuer: "https://login.example.com", clientId: "trellis" },
        registryMirrors: { "docker.io": ["https://mirror.example.com"] },
      },
    });
    for (const { parts } of [...machines, ...others]) {
      const { entries, installed } = stateOf(entriesOf(parts));
      const files = [...entries.values()].filter(({ content }) => content !== undefined);
      const paths = [...files, ...installed.programs].map(({ path }) => path);
      const fixed = /^\/var\/lib\/rancher\/k3s\/server\/(tls|cred)\//;
      expect(paths.filter((path) => effectsOf(path) === undefined && !fixed.test(path))).toEqual([]);
    }
  });

  it("fetches etcd of another patch release, and no other program", () => {
    const { parts } = machine(0);
    const other = parts.map((part) => ({
      ...part,
      ...(part.binaries && {
        binaries: part.binaries.map((each) =>
          each.url.includes("etcd") ? { ...each, sha256: "0".repeat(64) } : each,
        ),
      }),
    }));
    const { fetch, write, effects, refusals } = change(parts, other);
    expect(fetch.map(({ path }) => path)).toEqual(
      ["etcd", "etcdctl", "etcdutl"].map((name) => `/usr/local/bin/${name}`),
    );
    expect(write).toEqual(["/usr/local/lib/trellis/first-boot"]);
    expect({ effects, refusals }).toEqual({ effects: ["etcd"], refusals: [] });
  });

  it("leaves the program of K3s to the controller that drains, and says so", () => {
    const { parts } = machine(3);
    const other = parts.map((part) => ({
      ...part,
      ...(part.binaries && { binaries: part.binaries.map((each) => ({ ...each, sha256: "0".repeat(64) })) }),
    }));
    const { fetch, notes, refusals } = change(parts, other);
    expect({ fetch, refusals }).toEqual({ fetch: [], refusals: [] });
    expect(notes.join()).toContain("system-upgrade-controller");
  });

  it("writes a file that somebody changed by hand, but not the state that K3s rewrites", () => {
    const state = stateOf(entriesOf(machine(0).parts));
    const found = booted(state, {
      "/etc/haproxy/haproxy.cfg": "mine",
      "/var/lib/rancher/k3s/server/cred/encryption-config.json": "rotated by K3s",
    });
    expect(changeOf("fsn1-1", state, boot, found).write).toEqual(["/etc/haproxy/haproxy.cfg"]);
  });

  it("removes a file that its first boot would not write any more", () => {
    const { parts } = machine(0);
    const path = "/etc/systemd/system/etcd-defragment.timer";
    expect(change(parts, withoutFile(parts, path))).toMatchObject({
      remove: [path],
      write: [],
      refusals: [],
    });
  });

  it("is refused where it cannot be done in place, by name and with what to do", () => {
    const { parts, facts, node } = machine(0);
    const agent = machine(3).parts;
    const refusals = (wanted: readonly MachinePart[]) => change(parts, wanted).refusals.join("\n");
    const edited = (path: string, from: string | RegExp, to: string) =>
      refusals(withFile(parts, path, (text) => text.replace(from, to)));

    expect(refusals(agent)).toMatch(/no more a member of etcd.*target\.generations/);
    expect(refusals(agent)).toContain("its role in K3s changes to agent");
    expect(edited("/etc/etcd/trellis.conf", /MEMBERS='\S+ /, "MEMBERS='")).toMatch(
      /`MEMBERS` changes.*etcd\.md/,
    );
    expect(edited("/etc/rancher/k3s/config.yaml", /cluster-cidr: .*/, "cluster-cidr: 10.9.0.0/16")).toContain(
      "`cluster-cidr`",
    );
    expect(edited("/etc/rancher/k3s/config.yaml", /^token: .*/m, "token: other")).toContain(
      "k3s token rotate",
    );
    expect(edited("/etc/etcd/tls/ca.crt", "A", "B")).toContain("a key that all servers share");
    expect(refusals([...parts, { name: "more", packages: ["tmux"] }])).toContain("the package tmux");
    const other = {
      ...facts,
      target: { ...facts.target, edge: { kind: "floating-ip", virtualRouterId: 99 } },
    } as const;
    expect(refusals(machineParts(node, other))).toContain("virtual_router_id");
    const older = parts.map((part) => ({
      ...part,
      ...(part.binaries && {
        binaries: part.binaries.map((each) => ({ ...each, url: each.url.replace(/\/v3\.\d+\./, "/v3.4.") })),
      }),
    }));
    expect(refusals(older)).toMatch(/etcd moves from 3\.\d+ to 3\.4/);
  });

  it("is refused for what user data cannot change: the image and the keys of operators", () => {
    const state = stateOf(entriesOf(machine(0).parts));
    const wanted = { ...boot, image: "ubuntu-26.04", sshKeys: [KEY, "ssh-ed25519 AAAAnobodyAcceptsThis"] };
    const { refusals } = changeOf("fsn1-1", state, wanted, booted(state));
    expect(refusals.join("\n")).toMatch(/new servers get ubuntu-26\.04[\s\S]*AcceptsThis/);
    expect(refusals).toHaveLength(2);
  });

  it("is refused where nobody knows what the server was booted with", () => {
    const state = stateOf(entriesOf(machine(0).parts));
    expect(
      changeOf("fsn1-1", state, boot, foundServer("image\tubuntu-24.04\nend\tyes\n")).refusals,
    ).toHaveLength(1);
  });

  it("begins with servers without etcd, and ends with the leader of etcd", () => {
    const [first, second, third, agent] = machines.map(({ node, parts }) => ({
      name: node.name,
      state: stateOf(entriesOf(parts)),
      leadsEtcd: node.name.endsWith("-1"),
    }));
    if (!first || !second || !third || !agent) throw new Error("prod has four servers here");
    expect(inOrder([first, second, third, agent])).toEqual([agent, second, third, first]);
  });
});
