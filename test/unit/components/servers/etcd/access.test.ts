import { describe, expect, it } from "vitest";
import { etcdPart } from "../../../../../components/servers/etcd";
import { etcdArgs } from "../../../../rigs/etcd/part";

const grants = () =>
  etcdPart(etcdArgs())
    .files?.find(({ path }) => path === "/etc/etcd/grants")
    ?.content.trim()
    .split("\n")
    .map((line) => {
      const [user = "", key = "", end = ""] = line.split(" ");
      return { user, key, end: end === "-" ? `${key}\0` : end };
    }) ?? [];

describe("the users of etcd", () => {
  it("never share a key", () => {
    for (const one of grants()) {
      for (const other of grants()) {
        if (one.user !== other.user) expect(one.key < other.end && other.key < one.end).toBe(false);
      }
    }
  });

  it("have what Kubernetes, K3s and Patroni keep", () => {
    const holderOf = (key: string) => grants().find((grant) => grant.key <= key && key < grant.end)?.user;

    expect(holderOf("/registry/secrets/default/token")).toBe("k3s");
    expect(holderOf("/bootstrap/0123456789ab")).toBe("k3s");
    expect(holderOf("compact_rev_key")).toBe("k3s");
    expect(holderOf("/service/main/leader")).toBe("patroni");
    expect(holderOf("/registry")).toBeUndefined();
    expect(holderOf("/services/main")).toBeUndefined();
  });
});
