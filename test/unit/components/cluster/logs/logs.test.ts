import { describe, expect, it } from "vitest";
import { logs } from "../../../../../components/cluster/logs";
import { LABELS } from "../../../../../components/cluster/logs/names";
import { diskUse, logsShape, parseSettings } from "../../../../../components/settings";
import { objectsIn } from "../../../../rigs/alerting/declared";
import { rawSettings, type STACKS, withValue } from "../../../../rigs/platform/stacks";

type Stack = (typeof STACKS)[number];

const shapeOf = (stack: Stack, block?: object) =>
  logsShape(parseSettings(block ? withLogs(stack, block) : rawSettings(stack)));
const withLogs = (stack: Stack, block: object) =>
  withValue(rawSettings(stack), "monitoring", {
    ...Object(Object(rawSettings(stack)).monitoring),
    logs: block,
  });
const ENDPOINT = "https://logs.example.com:8443/insert/native";

describe("the logs of a stack", () => {
  it("are kept in prod, and elsewhere only where the settings want it", () => {
    expect(shapeOf("prod")).toMatchObject({
      kind: "store",
      retentionDays: 30,
      volumeGib: 4,
      requestMib: 256,
    });
    expect(shapeOf("prod", { enabled: false })).toBeUndefined();
    expect(shapeOf("dev")).toBeUndefined();
    expect(shapeOf("dev", { enabled: true })).toMatchObject({ kind: "store" });
    expect(shapeOf("dev", { endpoint: ENDPOINT })).toEqual({ kind: "elsewhere", endpoint: ENDPOINT });
  });

  it("count on the disk of their server, unless their volume is elsewhere", () => {
    const asked = (block: object) => diskUse(parseSettings(withLogs("prod", block)))?.askedGib ?? 0;
    expect(asked({ volumeGib: 7 }) - asked({ enabled: false })).toBe(7);
    expect(asked({ volumeGib: 10, storageClass: "hcloud-volumes" })).toBe(asked({ enabled: false }));
  });
});

const store = { kind: "store", retentionDays: 9, volumeGib: 10, memoryMib: 512, requestMib: 256 } as const;
const elsewhere = { kind: "elsewhere", endpoint: ENDPOINT } as const;
const of = (addOn: ReturnType<typeof logs>) => {
  const objects = objectsIn(addOn.spec.chartContent).map((each) => Object(each));
  const named = (kind: string) => objects.filter((each) => each.kind === kind);
  return { named, allow: addOn.namespace?.allow ?? [] };
};

describe("the add-on of logs", () => {
  it("bounds the store by days and by space, and has it in a pod without rights", () => {
    const { named } = of(logs({ shape: store, token: false, monitoring: true }));
    const { spec } = named("StatefulSet")[0].spec.template;
    expect(spec.containers[0].args).toEqual(
      expect.arrayContaining(["-retentionPeriod=9d", "-retention.maxDiskSpaceUsageBytes", "8704MiB"]),
    );
    expect(spec.securityContext.runAsNonRoot).toBe(true);
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(named("PodMonitor").map(({ metadata }) => metadata.name)).toEqual(["victoria-logs", "log-agent"]);
  });

  it("admits its own agents and monitoring to the store, and nobody else", () => {
    const { allow } = of(logs({ shape: store, token: false, monitoring: true }));
    const from = allow.filter((each) => "from" in each);
    expect(from).toEqual([
      { from: { namespace: "own", pods: LABELS.agent }, ports: [9428], pods: LABELS.store },
      { from: { namespace: "monitoring" }, ports: [9428, 9429] },
    ]);
    expect(allow.some((each) => "to" in each && each.to === "internet")).toBe(false);
  });

  it("has agents alone where the logs go elsewhere, with the token in a file", () => {
    const { named, allow } = of(logs({ shape: elsewhere, token: true, monitoring: false }));
    expect(named("StatefulSet")).toEqual([]);
    expect(named("PodMonitor")).toEqual([]);
    const [{ spec }] = named("DaemonSet");
    const [{ args }] = spec.template.spec.containers;
    expect(args).toContain(`-remoteWrite.url=${ENDPOINT}`);
    expect(args).toContain("-remoteWrite.bearerTokenFile=/etc/trellis/log-endpoint/token");
    expect(allow).toContainEqual({ to: "internet", ports: [8443], pods: LABELS.agent });
  });

  it("gives the agents the right to read pods, and the server's folders for reading but their own", () => {
    const { named } = of(logs({ shape: store, token: false, monitoring: false }));
    const rules = named("ClusterRole").flatMap(({ rules: own }) => own);
    expect(rules.flatMap(({ verbs }) => verbs).filter((verb) => !/^(get|list|watch)$/.test(verb))).toEqual(
      [],
    );
    expect(rules.flatMap(({ resources }) => resources)).toEqual(["pods", "nodes", "namespaces"]);
    const [{ spec }] = named("DaemonSet");
    const { containers, volumes } = spec.template.spec;
    const writable = containers[0].volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => !readOnly);
    const paths: string[] = containers[0].volumeMounts.map(
      ({ mountPath }: { mountPath: string }) => mountPath,
    );
    expect(paths.filter((path) => paths.some((other) => path.startsWith(`${other}/`)))).toEqual([]);
    expect(writable.map(({ name }: { name: string }) => name)).toEqual(["state"]);
    expect(volumes.map(({ hostPath }: { hostPath: { path: string } }) => hostPath.path)).toEqual([
      "/var/log",
      "/var/lib/rancher/k3s/server/logs",
      "/var/lib/trellis/log-agent",
    ]);
  });
});
