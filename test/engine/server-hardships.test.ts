import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Addresses, Servers, surveyAccount } from "../../components/servers/hetzner";
import { nodesOf } from "../../components/settings";
import { changes, type Engine, type Run, SOLD_OUT, startEngine } from "../rigs/engine";
import { targetWith } from "../rigs/hetzner/targets";
import { describeWith } from "../rigs/programs";

const A = "ubuntu-16gb-fsn1-1";

/** The three protected servers of prod, with settings that differ by path within the target. */
function program(settings: Readonly<Record<string, unknown>>) {
  return async () => {
    const target = targetWith(settings);
    const survey = await surveyAccount("trellis");
    const { environment, publicAddress } = new Addresses("addresses", { cluster: "trellis", target });
    new Servers("servers", {
      cluster: "trellis",
      target,
      survey,
      environment,
      userData: Object.fromEntries(
        nodesOf(target).map(({ name }) => [name, pulumi.interpolate`#cloud-config ${publicAddress[name]}`]),
      ),
    });
  };
}

const done = (run: Run) => changes(run).map(({ op, name }) => `${op} ${name}`);
const replaced = (name: string) =>
  ["delete-replaced", "replace", "create-replacement"].map((op) => `${op} ${name}`);

describeWith(["pulumi"], "servers in hard times", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startEngine({ stack: "prod", config: {} });
    await engine.up(program({}));
  });
  afterAll(() => engine?.close());

  const servers = () => engine.cloud("hcloud").all("hcloud:index/server:Server");
  const server = (name: string) => servers().find(({ inputs }) => inputs.name === name);

  it("all stand when an administrator's key is replaced by another", async () => {
    const before = servers().map(({ id }) => id);
    const key = { name: "example", publicKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"B".repeat(43)}` };

    const run = await engine.up(program({ "access.sshKeys": [key] }));

    expect(done(run)).toEqual(replaced("addresses-key-example"));
    expect(servers().map(({ id }) => id)).toEqual(before);
    await engine.up(program({}));
  });

  it("are made in the next run when a successor could not be, at the same address and protected again", async () => {
    const address = server(A)?.outputs.ipv4Address;
    const asked = program({ generations: { [A]: 2 } });
    expect(done(await engine.up(asked))).toEqual([`update servers-${A}`]); // lifts the protection

    engine.cloud("hcloud").misbehave({ operations: ["create"], error: SOLD_OUT });
    await expect(engine.up(asked)).rejects.toThrow(SOLD_OUT);
    expect(server(A)).toBeUndefined();

    engine.cloud("hcloud").misbehave();
    await engine.up(asked);
    expect(server(A)?.outputs).toMatchObject({ ipv4Address: address, deleteProtection: true });
    expect(done(await engine.up(asked))).toEqual([]);
  });

  it("announce in a preview only what will happen when a server comes", async () => {
    const agents = { location: "fsn1", types: ["ccx23"], roles: ["workload"], numbers: [12] };
    const core = ["fsn1", "nbg1", "hel1"].map((location) => ({ location, types: ["ccx23", "cpx42"] }));

    const preview = await engine.preview(program({ servers: [...core, agents], generations: { [A]: 2 } }));

    expect(done(preview).sort()).toEqual([
      "create addresses-spread-fsn1-2",
      "create addresses-ubuntu-16gb-fsn1-12",
      "create servers-ubuntu-16gb-fsn1-12",
    ]);
  });
});
