import { afterAll, beforeAll, expect, it } from "vitest";
import platform from "../../index";
import {
  changes,
  type Engine,
  givenAway,
  K3S_API_PROGRAMS,
  type K3sApi,
  k3sApi,
  type Run,
  startEngine,
  UNREACHABLE,
} from "../rigs/engine";
import { askedOfEngine, askedOfMonitor } from "../rigs/engine/parity";
import { evaluatePlatform } from "../rigs/platform/platform";
import { rawSettings, withValue } from "../rigs/platform/stacks";
import { describeWith } from "../rigs/programs";

/** Our prod stack, without what would keep it from being destroyed, and with other values at some paths. */
function settings(values: Readonly<Record<string, unknown>> = {}) {
  const all = { environment: "staging", "target.protection": false, ...values };
  return {
    "trellis:settings": Object.entries(all).reduce(
      (raw, [path, value]) => withValue(raw, path, value),
      rawSettings("prod"),
    ),
  };
}

const agent = (number: number) => ({
  location: "fsn1",
  types: ["ccx23"],
  roles: ["workload"],
  numbers: [number],
});
const { target } = settings()["trellis:settings"] as { target: { servers: object[] } };
const withAgents = (...numbers: readonly number[]) => ({
  "target.servers": [...target.servers, ...numbers.map(agent)],
});

const FROM_ELSEWHERE = { "target.access.from": ["192.0.2.0/24"] };

const done = (run: Run) => changes(run).map(({ op, name }) => `${op} ${name}`);

describeWith(["pulumi", ...K3S_API_PROGRAMS], "the platform under the real engine", () => {
  let engine: Engine;
  let api: K3sApi;
  let outputs: Run["outputs"] = {};

  beforeAll(async () => {
    engine = await startEngine({
      stack: "prod",
      config: settings(),
      secrets: {
        "trellis:hcloudToken": "token-that-lives-on-the-servers",
        "trellis:offsiteAccessKey": "access-key-of-the-offsite-bucket",
        "trellis:offsiteSecretKey": "secret-key-of-the-offsite-bucket",
        "trellis:alertsEmailPassword": "password-of-the-mail-server",
        "trellis:alertsDeadMansSwitchUrl": "https://switch.example.com/known-to-us-alone",
      },
    });
    engine.cloud("kubernetes").connect();
    api = k3sApi(engine);
  });
  afterAll(async () => {
    await api?.stop();
    engine?.close();
  });

  it("is previewed whole before anything exists", async () => {
    const preview = changes(await engine.preview(platform));
    expect(new Set(preview.map(({ op }) => op))).toEqual(new Set(["create"]));
    expect(preview.filter(({ type }) => type.startsWith("hcloud:index/server:"))).toHaveLength(3);
    expect(preview.filter(({ type }) => type.startsWith("kubernetes:")).length).toBeGreaterThan(50);
    expect(engine.cloud("hcloud").all()).toEqual([]);
  });

  it("is made in one run, which waits for the API and is refused or warned of nothing there", async () => {
    ({ outputs } = await engine.up(platform));
    expect(outputs.kubeconfig?.secret).toBe(true);
    expect(outputs.snapshotKey?.secret).toBe(true);
    const declared = engine.cloud("kubernetes").all("kubernetes:networking.k8s.io/v1:NetworkPolicy");
    const policies = api.kubectl("get", "networkpolicies", "--all-namespaces", "--output=name");
    expect(policies.trim().split("\n")).toHaveLength(declared.length);
  });

  it("moves a pod of a lost server after half a minute, and one with a volume there after five", () => {
    const usual = api.kubectl(
      ...["run", "probe", "--image=none", "--namespace=kube-system", "--dry-run=server"],
      "--output=jsonpath={.spec.tolerations[*].tolerationSeconds}",
    );
    expect(usual).toBe("30 30");
    const members = api.kubectl(
      ...["get", "statefulset", "postgres", "--namespace=postgres"],
      "--output=jsonpath={.spec.template.spec.tolerations[*].tolerationSeconds}",
    );
    expect(members).toBe("300 300");
  });

  it("is what a plan without the engine says: resources, parents, dependencies, secrets and outputs", async () => {
    const raw = settings()["trellis:settings"];
    const evaluation = await evaluatePlatform(raw, "prod");
    const [engineSays, monitorSays] = [askedOfEngine(await engine.exportState()), askedOfMonitor(evaluation)];
    expect(Object.keys(engineSays).length).toBeGreaterThan(200);
    expect(engineSays).toEqual(monitorSays);
    expect(Object.keys(outputs).sort()).toEqual(Object.keys(evaluation.outputs).sort());
    const secretOutputs = Object.keys(outputs).filter((name) => outputs[name]?.secret);
    // A secret within an output makes no secret of the whole.
    expect(secretOutputs).toEqual(
      Object.keys(outputs).filter((name) => evaluation.secretOutputs.includes(name)),
    );
  });

  it("changes nothing when nothing changed", async () => {
    expect(done(await engine.up(platform))).toEqual([]);
  });

  /** What the engine did besides components, the same for every number of servers. */
  const stepsWith = async (values: Readonly<Record<string, unknown>>) => {
    engine.configure(settings(values));
    const steps = changes(await engine.up(platform)).filter(({ type }) => !type.startsWith("trellis:"));
    return steps.map(({ op, name, type }) => ({ type, step: `${op} ${name.replace("ubuntu-16gb-", "")}` }));
  };
  const sorted = (steps: readonly { step: string }[]) => steps.map(({ step }) => step).sort();

  it("takes servers in, and administrators from elsewhere, and touches the rules and checks about them alone", async () => {
    expect(sorted(await stepsWith({ ...FROM_ELSEWHERE, ...withAgents(2, 3) }))).toEqual([
      "create cluster-addresses-fsn1-2",
      "create cluster-addresses-fsn1-3",
      "create cluster-servers-fsn1-2",
      "create cluster-servers-fsn1-3",
      "update add-ons-ingress-middlewares-chart",
      "update cluster-addresses-firewall",
      "update operations-platform",
    ]);
  });

  it("lets the middle server go while it renews its certificates, and replaces or deletes nothing in the cluster", async () => {
    const values = { ...FROM_ELSEWHERE, ...withAgents(3), epochs: { certificates: 2 } };
    const steps = await stepsWith(values);
    const within = sorted(steps.filter(({ type }) => type.startsWith("kubernetes:")));
    expect(within).toContain("update postgres-cluster-members");
    expect(within.filter((step) => !step.startsWith("update "))).toEqual([]);
    expect(sorted(steps.filter(({ type }) => type.startsWith("hcloud:")))).toEqual([
      "delete cluster-addresses-fsn1-2",
      "delete cluster-servers-fsn1-2",
    ]);
  });

  it("leaves no secret in what the engine writes", () => {
    expect(engine.secrets().length).toBeGreaterThan(20);
    const written = engine.written();
    expect(givenAway(engine.secrets(), written)).toEqual([]);
    expect(written).not.toMatch(/"userData":\s*"/);
  });

  it("is previewed with the control plane down, and destroyed by who says that it is gone for good", async () => {
    await api.stop();
    engine
      .cloud("kubernetes")
      .misbehave({ operations: ["create", "read", "update", "delete"], error: UNREACHABLE });
    expect(done(await engine.preview(platform))).toEqual([]);
    await expect(engine.destroy(platform)).rejects.toThrow(UNREACHABLE);
    expect(engine.cloud("hcloud").all("hcloud:index/server:Server")).toHaveLength(4);
    await engine.destroy(platform, { PULUMI_K8S_DELETE_UNREACHABLE: "true" });
    expect(engine.cloud("hcloud").all()).toEqual([]);
  });
});
