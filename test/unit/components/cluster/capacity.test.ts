import { describe, expect, it } from "vitest";
import { capacityReport, placement, quotaUses, type Workload } from "../../../../components/cluster/capacity";
import { parseSettings, requestSettings, settingsSchema } from "../../../../components/settings";
import { rawSettings } from "../../../rigs/platform/stacks";

const room = (memoryMib: number, cpuMillis = 1000) => ({ cpuMillis, memoryMib });
const servers = (...memory: number[]) =>
  memory.map((each, index) => ({ name: `s${index}`, room: room(each) }));
const workload = (given: Partial<Workload>): Workload => ({
  kind: "Deployment",
  namespace: "test",
  name: "web",
  replicas: 1,
  requests: room(100, 10),
  apart: false,
  ...given,
});
const report = (...given: Parameters<typeof placement>) =>
  capacityReport(placement(...given), [], "postgres.memoryMib");

describe("the room of a cluster", () => {
  it("is shown whole, and with one server lost", () => {
    const { facts, warnings, problems } = report(servers(2048, 2048), [workload({ replicas: 4 })]);

    expect(facts).toEqual([
      "capacity: pods ask for 0.0 of 2.0 cores and 0.4 of 4.0 GiB on 2 servers; with s0 lost, for 0.0 of 1.0 cores and 0.4 of 2.0 GiB",
    ]);
    expect([...warnings, ...problems]).toEqual([]);
  });

  it("refuses pods that fit on no server, though the sum would", () => {
    const pods = [workload({ name: "big", requests: room(900) }), workload({ requests: room(900, 10) })];
    const { problems } = report(servers(800, 1000), pods);

    expect(problems.join()).toContain("a pod of Deployment test/");
    expect(problems.join()).toContain("fit on no server. Add servers or choose a larger type");
  });

  it("refuses members that may not share a server and are more than the servers", () => {
    const members = workload({ kind: "StatefulSet", name: "postgres", replicas: 3, apart: true });
    expect(report(servers(9000, 9000), [members]).problems.join()).toContain(
      "a pod of StatefulSet test/postgres",
    );
    expect(report(servers(9000, 9000, 9000), [members]).problems).toEqual([]);
  });

  it("refuses a Job that never finds room beside what runs all the time", () => {
    const job = workload({ kind: "Job", name: "migrate", requests: room(512, 100) });
    const { problems } = report(servers(1024), [workload({ requests: room(600, 10) }), job]);

    expect(problems.join()).toContain(
      "no server has room for Job test/migrate (0.1 cores and 0.5 GiB), beside",
    );
    expect(report(servers(1024), [workload({ requests: room(500, 10) }), job]).problems).toEqual([]);
  });

  it("warns of what waits while a server is lost, but for pods whose volume is lost with it", () => {
    const pods = [
      workload({ kind: "StatefulSet", name: "postgres", replicas: 2, apart: true, requests: room(500, 10) }),
      workload({ replicas: 2, requests: room(400, 10) }),
    ];
    const { warnings, problems } = report(servers(1000, 1000), pods);

    expect(problems).toEqual([]);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toContain("if s0 is lost, a pod of Deployment test/web wait for it");
    expect(warnings.join()).not.toContain("StatefulSet");
  });

  it("counts a DaemonSet on every server", () => {
    const { asked } = placement(servers(1000, 1000), [workload({ kind: "DaemonSet" })]);
    expect(asked).toEqual(room(200, 20));
  });

  it("refuses pods that exceed the quota of their namespace, the largest Job included", () => {
    const pods = [workload({ replicas: 2 }), workload({ kind: "Job", requests: room(50, 10) })];
    const uses = quotaUses(pods, { test: room(290) });
    const { problems } = capacityReport(placement(servers(9000), pods), uses, "postgres.memoryMib");

    expect(uses[0]?.asked.memoryMib).toBe(300);
    expect(problems.join()).toContain("the pods of namespace test ask for");
  });
});

it("is asked for less by settings that the stack has: those of MinIO only with MinIO", () => {
  const dev = rawSettings("dev");
  const store = { kind: "external", endpoint: "https://s3.example.net", region: "eu" };
  const settings = parseSettings(dev);
  expect(requestSettings(settings)).toBe("postgres.memoryMib, minio.memoryMib");
  const external = settingsSchema.shape.minio.safeParse(store);
  if (!external.success) throw external.error;
  expect(requestSettings({ minio: external.data })).toBe("postgres.memoryMib");
});
