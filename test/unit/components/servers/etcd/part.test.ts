import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type EtcdArgs, etcdPart } from "../../../../../components/servers/etcd";
import { etcdArgs } from "../../../../rigs/etcd/part";

function fileOf(path: string, changes: Partial<EtcdArgs> = {}) {
  const found = etcdPart(etcdArgs(changes)).files?.find((file) => file.path === path);
  if (!found) throw new Error(`the part has no ${path}`);
  return found;
}
const configuration = (changes: Partial<EtcdArgs> = {}) =>
  parse(fileOf("/etc/etcd/etcd.yaml", changes).content);
const settings = (changes: Partial<EtcdArgs> = {}) => fileOf("/etc/etcd/trellis.conf", changes).content;

describe("a member of etcd on its machine", () => {
  it("refuses a node that is none of the members", () => {
    expect(() => etcdPart(etcdArgs({ node: "ubuntu-8gb-ash-1" }))).toThrow(
      "ubuntu-8gb-ash-1 is not an etcd member",
    );
  });

  it("listens on the cluster's address alone, and takes no one without a certificate", () => {
    const yaml = configuration();

    expect(yaml["listen-client-urls"]).toBe("https://10.0.5.10:2379");
    expect(yaml["listen-peer-urls"]).toBe("https://10.0.5.10:2380");
    expect(yaml["client-transport-security"]["client-cert-auth"]).toBe(true);
    expect(yaml["peer-transport-security"]["client-cert-auth"]).toBe(true);
  });

  it("never lets a client's certificate pose as a member", () => {
    expect(configuration()["peer-transport-security"]["allowed-cn"]).toEqual(["etcd-peer"]);
  });

  it("leaves how it joins to its start, so that a replaced member is not stopped by its own configuration", () => {
    expect(configuration()).not.toHaveProperty("initial-cluster");
    expect(configuration()).not.toHaveProperty("initial-cluster-state");
  });

  it("may found the cluster on its first machine only", () => {
    expect(settings()).toContain("MAY_FOUND='yes'");
    expect(settings({ replaced: true })).toContain("MAY_FOUND='no'");
  });

  it("waits for its own address before it starts", () => {
    expect(fileOf("/etc/systemd/system/etcd.service").content).toMatch(
      /^ExecStartPre=\+\/usr\/local\/lib\/trellis\/interface-of 10\.0\.5\.10\nExecStartPre=.* join$/m,
    );
  });

  it("sets users and roles although the first start of etcd failed, and checks them again later", () => {
    const unit = fileOf("/etc/systemd/system/etcd-access.service").content;

    expect(unit).toMatch(/^Wants=etcd\.service$/m);
    expect(unit).toMatch(/^After=etcd\.service$/m);
    expect(unit).toMatch(/^StartLimitIntervalSec=0$/m);
    expect(unit).toMatch(/^Restart=on-failure$/m);
    expect(unit).not.toMatch(/^(Requires|RemainAfterExit)=/m);
    expect(fileOf("/etc/systemd/system/etcd-access.timer").content).toMatch(/^OnUnitInactiveSec=5min$/m);
    expect(etcdPart(etcdArgs()).setup).toMatch(/enable --now .*etcd-access\.timer/);
  });

  it("compacts by itself and holds to its quota", () => {
    expect(configuration()).toMatchObject({
      "auto-compaction-mode": "periodic",
      "auto-compaction-retention": "300s",
      "quota-backend-bytes": 4 * 1024 ** 3,
    });
  });

  it("keeps every secret from other users, and from all files but its own", () => {
    const files = etcdPart(etcdArgs()).files ?? [];
    const secrets = ["key of", "private key", "patroni0password", "sec"];
    const open = files.filter(({ mode = "0644" }) => mode.endsWith("4") || mode === "0755");

    for (const file of open) {
      for (const secret of secrets.slice(0, 3)) expect(file.content, file.path).not.toContain(secret);
    }
    expect(fileOf("/etc/etcd/store.curl")).toEqual({
      path: "/etc/etcd/store.curl",
      content: 'user = "ACCESS:sec\\"ret\\\\key"\n',
      mode: "0600",
    });
    expect(settings()).not.toContain("ACCESS");
  });

  it("knows nothing of a store where there is none", () => {
    const { store, ...snapshots } = etcdArgs().snapshots;

    expect(store).toBeDefined();
    expect(settings({ snapshots })).not.toContain("STORE");
    expect(() => fileOf("/etc/etcd/store.curl", { snapshots })).toThrow();
  });

  it("stays in its folder when it is rendered below one", () => {
    const part = etcdPart(etcdArgs({ root: "/tmp/machine" }));
    const paths = [...(part.files ?? []), ...(part.binaries ?? [])].map(({ path }) => path);

    expect(paths.filter((path) => !path.startsWith("/tmp/machine/"))).toEqual([]);
  });

  it("differs between members in nothing but its own name and address, certificates aside", () => {
    const other = { node: "ubuntu-8gb-hil-2" };
    const contents = (changes: Partial<EtcdArgs>) =>
      (etcdPart(etcdArgs(changes)).files ?? []).map(({ content }) =>
        content.replaceAll(/ubuntu-8gb-hil-[12]/g, "NODE").replaceAll(/10\.0\.5\.1[01]/g, "ADDRESS"),
      );

    expect(contents(other)).toEqual(contents({}));
  });
});
