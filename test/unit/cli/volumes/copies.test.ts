import { describe, expect, it } from "vitest";
import { drivesLack, drivesRefusal, memberLacks, membersRefusal } from "../../../../cli/volumes/copies";

const member = (name: string, state: string, leads = false) => ({ name, state, leads });

describe("PostgreSQL, before a member's volume is emptied", () => {
  const leader = member("postgres-0", "running", true);

  it("must have a leader and replicas that stream", () => {
    expect(membersRefusal([leader, member("postgres-2", "streaming")], "postgres-1")).toBeUndefined();
    expect(membersRefusal([leader, member("postgres-1", "stopped")], "postgres-1")).toBeUndefined();
  });

  it.each([
    ["nobody leads", [member("postgres-2", "streaming")], "no member but postgres-1 leads"],
    ["the lost one leads", [member("postgres-1", "running", true)], "no member but postgres-1 leads"],
    [
      "another copies",
      [leader, member("postgres-2", "creating replica")],
      'postgres-2 is in the state "creating replica"',
    ],
    ["the leader starts", [member("postgres-0", "starting", true)], "no member but postgres-1 leads"],
  ])("refuses when %s", (_, members, words) => {
    expect(membersRefusal(members, "postgres-1")).toContain(words);
  });

  it("waits until the member streams", () => {
    expect(memberLacks([leader], "postgres-1")).toBe("Patroni does not list it yet");
    expect(memberLacks([leader, member("postgres-1", "creating replica")], "postgres-1")).toContain(
      "creating replica",
    );
    expect(memberLacks([leader, member("postgres-1", "streaming")], "postgres-1")).toBeUndefined();
  });
});

const server = (pod: string, ...drives: { state: string; healing: boolean }[]) => ({
  endpoint: `${pod}.minio.storage.svc.cluster.local:9000`,
  drives: drives.map((drive, index) => ({ path: `/drives/${index}`, ...drive })),
});
const ok = { state: "ok", healing: false };

describe("MinIO, before a server's volume is emptied", () => {
  const info = (...servers: ReturnType<typeof server>[]) => ({ info: { servers } });

  it("must have all drives of the others, none of which heals", () => {
    const lost = server("minio-1", { state: "offline", healing: false });
    expect(
      drivesRefusal(info(server("minio-0", ok, ok), lost, server("minio-2", ok)), "minio-1"),
    ).toBeUndefined();
    // A name that begins alike is another server.
    expect(
      drivesRefusal(info(server("minio-10", { state: "offline", healing: false })), "minio-1"),
    ).toContain("/drives/0 is offline");
    expect(
      drivesRefusal(info(lost, server("minio-2", ok, { state: "ok", healing: true })), "minio-1"),
    ).toContain("/drives/1 heals");
    expect(drivesRefusal(info(lost, server("minio-2")), "minio-1")).toContain("shows no drive");
  });

  it("waits until its drives have healed", () => {
    expect(drivesLack(info(server("minio-0", ok)), "minio-1")).toBe("the other servers do not see it yet");
    expect(drivesLack(info(server("minio-1", { state: "ok", healing: true })), "minio-1")).toBe(
      "/drives/0 heals",
    );
    expect(drivesLack(info(server("minio-1", ok)), "minio-1")).toBeUndefined();
  });
});
