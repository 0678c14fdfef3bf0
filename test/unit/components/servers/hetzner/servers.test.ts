import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import {
  type AccountSurvey,
  Addresses,
  Servers,
  surveyAccount,
} from "../../../../../components/servers/hetzner";
import { bootMark } from "../../../../../components/servers/hetzner/booted-with";
import { type HetznerTarget, nodesOf } from "../../../../../components/settings";
import { evaluateStack } from "../../../../rigs/evaluate";
import { targetWith } from "../../../../rigs/hetzner/targets";

const FIRST = "ubuntu-16gb-fsn1-1";

interface Circumstances {
  readonly target?: HetznerTarget;
  /** What the survey finds beyond an empty project. */
  readonly running?: AccountSurvey["servers"];
  readonly userData?: (name: string) => pulumi.Input<string>;
}

async function serversOf({
  target = targetWith(),
  running = new Map(),
  userData = (name) => `#cloud-config for ${name}`,
}: Circumstances = {}) {
  const { resources, outputs, logs } = await evaluateStack({
    program: async () => {
      const survey = { ...(await surveyAccount("trellis")), servers: running };
      const { environment } = new Addresses("addresses", { cluster: "trellis", target });
      const { outdated, monthlyCost } = new Servers("servers", {
        cluster: "trellis",
        target,
        survey,
        environment,
        userData: Object.fromEntries(nodesOf(target).map(({ name }) => [name, userData(name)])),
      });
      return { outdated, monthlyCost };
    },
  });
  const servers = resources.filter(({ type }) => type === "hcloud:index/server:Server");
  const first = servers.find(({ name }) => name === `servers-${FIRST}`);
  if (!first) throw new Error(`there is no ${FIRST}`);
  return { resources, servers, first, outputs, logs };
}

const labelsOf = (resource: { readonly inputs: object }) =>
  Object(Reflect.get(resource.inputs, "labels")) as Record<string, string>; // as declared

/** The servers as Hetzner tells of them after they were made. */
async function made(circumstances: Circumstances): Promise<AccountSurvey["servers"]> {
  const { servers } = await serversOf(circumstances);
  return new Map(
    servers.map((server) => {
      const name = String(server.inputs.name);
      const serverType = String(server.inputs.serverType);
      return [name, { name, serverType, labels: labelsOf(server), deleteProtection: true }];
    }),
  );
}

describe("servers", () => {
  it("stand at their fixed addresses, behind the firewall, in their placement group", async () => {
    const { first, resources } = await serversOf();
    const id = (name: string) => Number(resources.find((resource) => resource.name === name)?.id);

    expect(first.inputs).toMatchObject({
      name: FIRST,
      serverType: "ccx23",
      location: "fsn1",
      image: "ubuntu-24.04",
      publicNets: [{ ipv4Enabled: true, ipv4: id(`addresses-${FIRST}`), ipv6Enabled: false }],
      networks: [{ networkId: id("addresses-network"), ip: "10.0.1.10", aliasIps: [] }],
      firewallIds: [id("addresses-firewall")],
      placementGroupId: id("addresses-spread-fsn1-1"),
      deleteProtection: true,
      rebuildProtection: true,
    });
  });

  it("are never replaced by user data, image, keys or placement, and one goes before its successor comes", async () => {
    const { servers } = await serversOf();

    for (const { options } of servers) {
      expect(options).toMatchObject({ protect: true, deleteBeforeReplace: true });
      expect(options.ignoreChanges).toEqual(
        expect.arrayContaining(["userData", "image", "sshKeys", "placementGroupId"]),
      );
    }
  });

  it("keep their user data secret", async () => {
    const { first } = await serversOf();

    expect(first.secretInputs).toEqual(["userData"]);
  });

  it("have no keys for inputs whose replacement could reach them", async () => {
    const { first } = await serversOf();

    expect(first.propertyDependencies).not.toHaveProperty("sshKeys");
    expect(first.dependencies.some((urn) => urn.endsWith("::addresses-key-example"))).toBe(true);
  });

  it("are an input of nothing, so that replacing one reaches nothing else", async () => {
    const { resources, servers } = await serversOf({
      target: targetWith({ edge: { kind: "load-balancer", type: "lb11" } }),
    });

    const inputs = resources.flatMap(({ propertyDependencies }) =>
      Object.values(propertyDependencies).flat(),
    );
    expect(inputs.filter((urn) => servers.some((server) => server.urn === urn))).toEqual([]);
  });

  it("are unprotected where the settings say so", async () => {
    const { first } = await serversOf({ target: targetWith({ protection: false }) });

    expect(first.inputs).toMatchObject({ deleteProtection: false, rebuildProtection: false });
    expect(first.options.protect).toBeUndefined();
  });

  it("know their cost", async () => {
    const { outputs } = await serversOf();

    expect(outputs.monthlyCost).toMatchObject({ euros: 262.47 });
  });
});

describe("a changed user data", () => {
  it("is told, naming the servers and the way to take it up", async () => {
    const running = await made({});
    const { outputs, logs, first } = await serversOf({
      running,
      userData: (name) => `#cloud-config for ${name}${name === FIRST ? ", changed" : ""}`,
    });

    expect(outputs.outdated).toEqual([FIRST]);
    expect(logs).toEqual([
      expect.objectContaining({
        severity: "warning",
        message: expect.stringMatching(
          new RegExp(`^Cloud-init changed since these servers were created: ${FIRST}\\. .*npx trellis apply`),
        ),
      }),
    ]);
    const [before] = [...running.values()].filter(({ name }) => name === FIRST);
    expect(labelsOf(first)["trellis-booted-with"]).toBe(before?.labels["trellis-booted-with"]);
  });

  it("is not told any more of a server whose files were changed in place, which trellis apply marks", async () => {
    const userData = (name: string) => `#cloud-config for ${name}, changed`;
    const marks = await made({ userData });
    const running = new Map(
      [...(await made({}))].map(([name, server]) => [
        name,
        name === FIRST ? { ...server, labels: { ...server.labels, ...marks.get(name)?.labels } } : server,
      ]),
    );
    const { outputs, first, servers } = await serversOf({ running, userData });

    expect(outputs.outdated).toEqual(
      servers.map(({ inputs }) => inputs.name).filter((name) => name !== FIRST),
    );
    expect(labelsOf(first)).toEqual(running.get(FIRST)?.labels);
  });

  it("leaves a mark alone that it cannot read", async () => {
    const running = new Map(
      [...(await made({}))].map(([name, server]) => [
        name,
        { ...server, labels: { "trellis-cluster": "trellis" } },
      ]),
    );
    const { first, outputs } = await serversOf({ running });

    expect(first.options.ignoreChanges).toContain('labels["trellis-booted-with"]');
    expect(outputs.outdated).toEqual([]);
  });

  it("is not told of servers that boot as they did", async () => {
    const { outputs, logs } = await serversOf({ running: await made({}) });

    expect(outputs.outdated).toEqual([]);
    expect(logs).toEqual([]);
  });

  it("leaves a mark from which nothing secret can be had", async () => {
    const { first } = await serversOf({ userData: () => pulumi.secret("a passphrase") });

    expect(labelsOf(first)["trellis-booted-with"]).toMatch(/^[0-9a-f]{12}$/);
    expect(first.secretInputs).toEqual(["userData"]);
  });

  it("holds a new key of an administrator and a new image to be changes too", () => {
    const boot = { image: "ubuntu-24.04", sshKeys: ["a", "b"], userData: "x" };

    expect(bootMark({ ...boot, sshKeys: ["b", "a"] })).toBe(bootMark(boot));
    expect(bootMark({ ...boot, sshKeys: ["a"] })).not.toBe(bootMark(boot));
    expect(bootMark({ ...boot, image: "ubuntu-26.04" })).not.toBe(bootMark(boot));
    expect(bootMark({ ...boot, userData: "y" })).not.toBe(bootMark(boot));
  });
});
