import { describe, expect, it } from "vitest";
import { answerOf } from "../../../../jobs/postgres/discovery/answer";
import type { Snapshot } from "../../../../jobs/postgres/discovery/snapshot";
import { topologyOf } from "../../../../jobs/postgres/discovery/topology";

/** Below /service/<scope>/, as Patroni 4.1 writes it. */
function snapshot(entries: Record<string, unknown>): Snapshot {
  return {
    clusterId: "1",
    revision: 100,
    entries: new Map(
      Object.entries(entries).map(([key, value], index) => [
        key,
        {
          value: typeof value === "string" ? value : JSON.stringify(value),
          createRevision: 10 + index,
          modRevision: 50,
        },
      ]),
    ),
  };
}

const member = (host: string, fields: object = {}) => ({
  conn_url: `postgres://${host}:5432/postgres`,
  api_url: "https://10.42.0.7:8008/patroni",
  state: "running",
  role: "replica",
  ...fields,
});
const published = (name: string) => ({ endpoints: [{ member: name, address: "10.42.0.9" }], leaderSince: 5 });

describe("a snapshot of etcd", () => {
  it("shows leader, members and addresses of both families", () => {
    const topology = topologyOf(
      snapshot({
        leader: "a",
        "members/a": member("10.42.0.1"),
        "members/b": member("[fd00::2]"),
        config: { failsafe_mode: true },
      }),
    );
    expect(topology).toEqual({
      leader: { name: "a", since: 10 },
      members: [
        { name: "a", address: "10.42.0.1", readable: true },
        { name: "b", address: "fd00::2", readable: true },
      ],
      failsafe: true,
    });
  });

  it.each([
    ["not json"],
    ["[1, 2]"],
    ["null"],
    [""],
    ['{"conn_url": 7}'],
    ['{"conn_url": "postgres://a.host:5432/"}'],
  ])("is understood as far as possible where a key holds %s", (value) => {
    const topology = topologyOf(
      snapshot({ "members/a": value, "members/b": member("10.42.0.2"), config: value }),
    );
    expect(topology.members).toMatchObject([{ address: undefined }, { address: "10.42.0.2" }]);
  });

  it("leads readers to replicas that run and want them, and to the leader where there are none", () => {
    const leader = { leader: "a", "members/a": member("10.42.0.1", { role: "primary" }) };
    const readers = (entries: Record<string, unknown>) =>
      answerOf("replica", snapshot({ ...leader, ...entries }), undefined).endpoints.map(
        ({ member }) => member,
      );
    expect(readers({ "members/b": member("10.42.0.2"), "members/c": member("10.42.0.3") })).toEqual([
      "b",
      "c",
    ]);
    expect(readers({ "members/b": member("10.42.0.2", { state: "starting" }) })).toEqual(["a"]);
    expect(readers({ "members/b": member("10.42.0.2", { tags: { noloadbalance: true } }) })).toEqual(["a"]);
  });
});

describe("the primary while nobody holds the lock", () => {
  const failsafe = { config: { failsafe_mode: true } };
  const primary = (entries: Record<string, unknown>, last = published("a")) =>
    answerOf("primary", snapshot(entries), last).endpoints.map(({ member }) => member);

  it("stays where it vanished from etcd altogether and failsafe mode lets it go on", () => {
    expect(primary({ ...failsafe, "members/b": member("10.42.0.2") })).toEqual(["a"]);
  });

  it("is nobody once it has let go of the lock by itself", () => {
    expect(primary({ ...failsafe, "members/a": member("10.42.0.9") })).toEqual([]);
  });

  it("is nobody without failsafe mode: a leader without its lock has demoted itself", () => {
    expect(primary({ "members/b": member("10.42.0.2") })).toEqual([]);
  });

  it("keeps its address while its entry is written anew, and never lends it to another leader", () => {
    expect(primary({ leader: "a" })).toEqual(["a"]);
    expect(primary({ leader: "b" })).toEqual([]);
  });
});
