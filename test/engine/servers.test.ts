import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Addresses, Servers, surveyAccount } from "../../components/servers/hetzner";
import { loadSettings, nodesOf } from "../../components/settings";
import { changes, type Engine, givenAway, startEngine } from "../rigs/engine";
import { rawSettings, withValue } from "../rigs/platform/stacks";
import { describeWith } from "../rigs/programs";

const SERVER = "hcloud:index/server:Server";
const TYPES = ["cpx32", "ccx13"] as const;
const core = { location: "fsn1", types: TYPES, numbers: [1, 2, 3] };
const agents = (numbers: readonly number[], types: readonly string[] = TYPES) => ({
  location: "fsn1",
  types,
  numbers,
  roles: ["workload"],
});

/** The prod stack with these servers, and other values below `target`. */
function settings(servers: readonly object[], target: Readonly<Record<string, unknown>> = {}) {
  const values = Object.entries({ protection: false, ...target, servers });
  return {
    "trellis:settings": values.reduce(
      (raw, [key, value]) => withValue(raw, `target.${key}`, value),
      withValue(rawSettings("prod"), "environment", "staging"),
    ),
  };
}

/** What the platform makes at Hetzner, with user data that holds a secret. */
function program(userData: string) {
  return async () => {
    const { target } = loadSettings().settings;
    if (target.kind !== "hetzner") throw new Error("the stack does not stand at Hetzner");
    const token = new random.RandomPassword("token", { length: 32, special: false });
    const addresses = new Addresses("addresses", { cluster: "test", target });
    const servers = new Servers("servers", {
      cluster: "test",
      target,
      survey: await surveyAccount("test"),
      environment: addresses.environment,
      userData: Object.fromEntries(
        nodesOf(target).map(({ name }) => [name, pulumi.interpolate`${userData} ${token.result}`]),
      ),
    });
    const marks = servers.firstBoots.apply((boots) =>
      Object.fromEntries(Object.entries(boots).map(([name, { mark }]) => [name, mark])),
    );
    return { outdated: servers.outdated, marks: pulumi.unsecret(marks) };
  };
}

describeWith(["pulumi"], "servers under the real engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({
      stack: "test",
      config: settings([core]),
      secrets: {
        "trellis:hcloudToken": "token-that-lives-on-the-servers",
        "trellis:offsiteAccessKey": "access-key-of-the-offsite-bucket",
        "trellis:offsiteSecretKey": "secret-key-of-the-offsite-bucket",
        "trellis:alertsEmailPassword": "password-of-the-mail-server",
        "trellis:alertsDeadMansSwitchUrl": "https://switch.example.com/known-to-us-alone",
      },
    });
  });
  afterAll(() => engine?.close());

  /** Runs the program, and tells its steps as `update fsn1-1`, with what differs. */
  async function up(config: ReturnType<typeof settings>, userData = "#cloud-config") {
    engine.configure(config);
    const run = await engine.up(program(userData));
    const steps = changes(run).map(({ op, name, differing }) =>
      [op, name.replace("servers-ubuntu-8gb-", ""), ...differing].join(" "),
    );
    const warnings = run.messages.filter((message) => /^warning: ubuntu/.test(message));
    return { steps, warnings, outdated: run.outputs.outdated?.value, marks: run.outputs.marks?.value };
  }

  const servers = () => engine.cloud("hcloud").all(SERVER);
  const server = (name: string) => servers().find((each) => each.name === `servers-ubuntu-8gb-${name}`);
  const idsOf = (...names: readonly string[]) => names.map((name) => server(name)?.id);
  const six = ["fsn1-1", "fsn1-2", "fsn1-3", "fsn1-4", "fsn1-5", "fsn1-6"];
  const all = [core, agents([4, 5, 6])];

  it("are previewed without being made, then made, and then left alone", async () => {
    const preview = changes(await engine.preview(program("#cloud-config")));
    expect(new Set(preview.map(({ op }) => op))).toEqual(new Set(["create"]));
    expect(servers()).toEqual([]);

    await up(settings([core]));
    expect(servers()).toHaveLength(3);
    expect((await up(settings([core]))).steps).toEqual([]);
  });

  it("come and go one by one, each without a step for any other", async () => {
    const before = idsOf("fsn1-1", "fsn1-2", "fsn1-3");
    const added = await up(settings(all));
    expect(added.steps.filter((step) => !/fsn1-[456]$/.test(step))).toEqual([]);
    const middleGone = await up(settings([core, agents([4, 6])]));
    expect(middleGone.steps.map((step) => step.replace("addresses-ubuntu-8gb-", ""))).toEqual([
      "delete fsn1-5",
      "delete fsn1-5",
    ]);
    expect(idsOf("fsn1-1", "fsn1-2", "fsn1-3")).toEqual(before);
    await up(settings(all));
    expect(servers()).toHaveLength(6);
  });

  it("become another type one at a time, switched off and on but never replaced", async () => {
    const before = idsOf(...six);
    const alone = await up(settings([core, agents([4, 6]), agents([5], ["ccx13"])]));
    expect(alone.steps).toEqual(["update fsn1-5 serverType"]);
    const others = settings([core, agents([4, 5, 6], ["ccx13"])]);
    expect(await up(others)).toMatchObject({ steps: ["update fsn1-4 serverType"] });
    expect(await up(others)).toMatchObject({ steps: ["update fsn1-6 serverType"] });
    expect((await up(settings(all))).steps).toEqual([]);
    expect(idsOf(...six)).toEqual(before);
  });

  it("are never replaced because their user data changed: that is shown instead", async () => {
    const changed = await up(settings(all), "#cloud-config of tomorrow");
    expect(changed.steps).toEqual([]);
    expect(changed.outdated).toEqual(six.map((name) => `ubuntu-8gb-${name}`));
    expect((await up(settings(all))).outdated).toEqual([]);
  });

  it("are not outdated any more once Hetzner has the mark of what was applied to them, and keep it", async () => {
    const label = "trellis-booted-with";
    const changed = "#cloud-config of tomorrow";
    const marks = (await up(settings(all), changed)).marks;
    const applied = server("fsn1-4");
    if (!applied) throw new Error("there is no fsn1-4");
    const labels = { ...Object(applied.outputs.labels), [label]: marks["ubuntu-8gb-fsn1-4"] };
    engine.cloud("hcloud").put({ ...applied, outputs: { ...applied.outputs, labels } });

    const after = await up(settings(all), changed);
    expect(after.outdated).toEqual(
      six.filter((name) => name !== "fsn1-4").map((name) => `ubuntu-8gb-${name}`),
    );
    expect(after.steps.filter((step) => step !== "update fsn1-4 labels")).toEqual([]);
    expect(Object(server("fsn1-4")?.outputs.labels)[label]).toBe(marks["ubuntu-8gb-fsn1-4"]);
    expect((await up(settings(all), changed)).steps).toEqual([]);
    // Back, for what follows.
    expect((await up(settings(all))).outdated).toEqual(["ubuntu-8gb-fsn1-4"]);
  });

  it("are replaced when asked for, one in a run, the old one first, at the same address", async () => {
    const before = idsOf(...six);
    const addresses = six.map((name) => server(name)?.outputs.ipv4Address);
    const generations = { "ubuntu-8gb-fsn1-2": 2, "ubuntu-8gb-fsn1-4": 2 };
    const first = await up(settings(all, { generations }), "#cloud-config of tomorrow");
    expect(first.steps.map((step) => step.split(" ").slice(0, 2).join(" "))).toEqual([
      "delete-replaced fsn1-2",
      "replace fsn1-2",
      "create-replacement fsn1-2",
    ]);
    expect(first.warnings.join("\n")).toContain("ubuntu-8gb-fsn1-4 waits for ");
    expect(first.outdated).not.toContain("ubuntu-8gb-fsn1-2");

    await up(settings(all, { generations }), "#cloud-config of tomorrow");
    expect((await up(settings(all, { generations }), "#cloud-config of tomorrow")).steps).toEqual([]);
    const kept = (values: readonly unknown[]) => values.filter((_, index) => index !== 1 && index !== 3);
    expect(kept(idsOf(...six))).toEqual(kept(before));
    expect(new Set([...before, ...idsOf(...six)]).size).toBe(8);
    expect(six.map((name) => server(name)?.outputs.ipv4Address)).toEqual(addresses);
  });

  it("are protected where the settings say, and a replacement then takes two runs", async () => {
    const generations = { "ubuntu-8gb-fsn1-2": 2, "ubuntu-8gb-fsn1-4": 2 };
    const guarded = { protection: true, generations };
    await up(settings(all, guarded));
    await expect(engine.destroy(program(""))).rejects.toThrow(/protected/);
    expect(servers()).toHaveLength(6);

    const raised = { protection: true, generations: { ...generations, "ubuntu-8gb-fsn1-6": 2 } };
    const [before] = idsOf("fsn1-6");
    const lifted = await up(settings(all, raised));
    expect(lifted.steps).toEqual(["update fsn1-6 deleteProtection rebuildProtection"]);
    expect(lifted.warnings.join("\n")).toContain("run it again to replace the server");
    expect(idsOf("fsn1-6")).toEqual([before]);
    expect((await up(settings(all, raised))).steps[0]).toContain("delete-replaced fsn1-6");
    expect(idsOf("fsn1-6")).not.toEqual([before]);
    expect(server("fsn1-6")?.outputs.deleteProtection).toBe(true);
    await up(settings(all, { generations: raised.generations }));
  });

  it("take the next type of their list where the first is sold out, and fail before one is made where all are", async () => {
    const generations = { "ubuntu-8gb-fsn1-2": 2, "ubuntu-8gb-fsn1-4": 2, "ubuntu-8gb-fsn1-6": 2 };
    engine.cloud("hcloud").sellOut("cpx32 fsn1");
    await up(settings([core, agents([4, 5, 6, 7])], { generations }));
    expect(server("fsn1-7")?.outputs.serverType).toBe("ccx13");

    engine.cloud("hcloud").sellOut("cpx32 fsn1", "ccx13 fsn1");
    await expect(up(settings([core, agents([4, 5, 6, 7, 8])], { generations }))).rejects.toThrow("in stock");
    expect(servers()).toHaveLength(7);
    const raised = { generations: { ...generations, "ubuntu-8gb-fsn1-1": 2 } };
    const unreplaced = await up(settings([core, agents([4, 5, 6, 7])], raised));
    expect(unreplaced.steps.filter((step) => / fsn1/.test(step))).toEqual([]);
    expect(unreplaced.warnings).toContainEqual(expect.stringContaining("ubuntu-8gb-fsn1-1 is not replaced"));
    engine.cloud("hcloud").sellOut();
  });

  it("leave no secret in what the engine writes, in clear or compressed", () => {
    expect(engine.secrets()).toHaveLength(6); // those of the configuration, and the token of the user data
    expect(givenAway(engine.secrets(), engine.written())).toEqual([]);
    expect(engine.written()).not.toMatch(/"userData":\s*"/);
  });

  it("are all gone after a destroy", async () => {
    await engine.destroy(program(""));
    expect(engine.cloud("hcloud").all()).toEqual([]);
  });
});
