import pino from "pino";
import { describe, expect, it } from "vitest";
import { healthyReplicas, type Source, withBestSource } from "../../../../jobs/backup/dumps/source";
import { JobError, StoreError } from "../../../../jobs/shared";

const member = (name: string, role: string, more: Record<string, unknown> = {}) => ({
  name,
  role,
  state: role === "leader" ? "running" : "streaming",
  timeline: 3,
  host: "10.42.0.7",
  port: 5432,
  lag: 0,
  api_url: "https://10.42.0.7:8008/patroni",
  ...more,
});

const SERVICE = "postgres.postgres.svc.cluster.local";
const names = (...members: ReturnType<typeof member>[]) =>
  healthyReplicas(members, SERVICE).map(({ name }) => name);

describe("the source of a backup", () => {
  const leader = member("postgres-0", "leader");

  it("is a replica that streams, by the name that its certificate holds", () => {
    const members = [leader, member("postgres-1", "quorum_standby")];
    expect(healthyReplicas(members, SERVICE)).toEqual([
      { name: "postgres-1", host: `postgres-1.${SERVICE}`, port: 5432, lag: 0 },
    ]);
    expect(healthyReplicas(members, "127.0.0.1")).toMatchObject([{ host: "10.42.0.7" }]);
  });

  it("is the closest of several", () => {
    const replicas = [
      member("postgres-3", "replica", { lag: 900 }),
      member("postgres-2", "sync_standby"),
      member("postgres-1", "replica"),
    ];
    expect(names(leader, ...replicas)).toEqual(["postgres-1", "postgres-2", "postgres-3"]);
  });

  it.each([
    ["does not stream", { state: "starting" }],
    ["is on another timeline", { timeline: 2 }],
    ["is too far behind", { lag: 17 * 2 ** 20 }],
    ["does not know how far it is behind", { lag: "unknown" }],
  ])("is no replica that %s", (_, more) => {
    expect(names(leader, member("postgres-1", "replica", more))).toEqual([]);
  });

  const context = { log: pino({ level: "silent" }), signal: new AbortController().signal };
  const sources = ["replica", "leader"].map((name) => ({ name, address: { host: name } }) as Source); // only the name is read

  it("is another one where the first fails, and the last one's failure is the failure", async () => {
    const tried: string[] = [];
    const work = async ({ name }: Source) => {
      tried.push(name);
      if (name === "replica") throw new JobError("pg_dump failed: the server went away");
      return name;
    };
    expect(await withBestSource(sources, context, work)).toBe("leader");
    expect(tried).toEqual(["replica", "leader"]);
    const all = async ({ name }: Source) => Promise.reject(new JobError(`${name} is gone`));
    await expect(withBestSource(sources, context, all)).rejects.toThrow("leader is gone");
  });

  it("is not to blame where the bucket fails: no other one is tried", async () => {
    let tried = 0;
    const work = async () => {
      tried++;
      throw new StoreError("the bucket is full", "XMinioStorageFull");
    };
    await expect(withBestSource(sources, context, work)).rejects.toThrow("the bucket is full");
    expect(tried).toBe(1);
  });
});
