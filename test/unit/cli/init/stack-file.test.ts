import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { environments, stackFile, zones } from "../../../../cli/init";
import { parseSettings } from "../../../../components/settings";
import { evaluatePlatform } from "../../../rigs/platform/platform";

const OTHERS = {
  domain: "data.acme.org",
  contact: "ops@acme.org",
  sshKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKw3n0Hn3Z9vKJXj0sVrHrHQNsd06BTvYWcgAbKu5i3s me@laptop",
  from: ["198.18.7.0/24", "198.19.0.1/32"],
  images: "registry.acme.org:5000/data/trellis",
};
const COMBINATIONS = environments.flatMap((environment) =>
  [...zones.keys()].map((zone) => ({ environment, zone, ...OTHERS })),
);
/** Hetzner offers the same types in both zones of the United States, so one of them is planned. */
const ALIKE = "us-west";
const settingsOf = (text: string) => parse(text).config["trellis:settings"];

describe.each(COMBINATIONS)("the file for $environment in $zone", (answers) => {
  const raw = settingsOf(stackFile(answers));

  it("passes the checks of settings, and has each answer", () => {
    const settings = parseSettings(raw);
    expect(settings).toMatchObject({
      environment: answers.environment,
      domain: OTHERS.domain,
      contact: OTHERS.contact,
      images: { repository: OTHERS.images },
      target: { access: { sshKeys: [{ name: "me", publicKey: OTHERS.sshKey }], from: OTHERS.from } },
    });
  });

  it.skipIf(answers.zone === ALIKE)("is a stack that its servers carry", { timeout: 120_000 }, async () => {
    const { resources } = await evaluatePlatform(raw);
    const servers = resources.filter(({ type }) => type === "hcloud:index/server:Server");
    expect(servers).toHaveLength(answers.environment === "dev" ? 1 : 3);
  });
});

it("asks for the same servers in both zones of the United States", () => {
  for (const environment of environments) {
    const [east, west] = ["us-east", "us-west"] as const;
    const serversOf = (zone: typeof east | typeof west) =>
      settingsOf(stackFile({ environment, zone, ...OTHERS })).target.servers;
    const placed = (servers: object[]) => servers.map((each) => ({ ...each, location: "any" }));
    expect(placed(serversOf(west))).toEqual(placed(serversOf(east)));
  }
});

describe("a stack's file", () => {
  const file = (sshKey: string) =>
    settingsOf(stackFile({ environment: "dev", zone: "eu-central", ...OTHERS, sshKey }));
  const key = OTHERS.sshKey.replace(/ me@laptop$/, "");

  it("names an SSH key by the user in its comment, where that is a name", () => {
    const nameOf = (sshKey: string) => parseSettings(file(sshKey)).target;
    expect(nameOf(`${key} ana-maria@work`)).toMatchObject({ access: { sshKeys: [{ name: "ana-maria" }] } });
    expect(nameOf(`${key} Ana.Maria@work`)).toMatchObject({ access: { sshKeys: [{ name: "admin" }] } });
    expect(nameOf(key)).toMatchObject({ access: { sshKeys: [{ name: "admin" }] } });
  });
});
