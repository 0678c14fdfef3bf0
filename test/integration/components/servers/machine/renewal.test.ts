import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  baseMachine,
  certificateBundle,
  type MachinePart,
  renderCloudInit,
} from "../../../../../components/servers/machine";
import { SANDBOX_PROGRAMS, SandboxMachine } from "../../../../rigs/machine/sandbox-machine";
import { createAuthority, type KeyPair } from "../../../../rigs/pki/certificates";
import { describeWith } from "../../../../rigs/programs";

describeWith([...SANDBOX_PROGRAMS, "openssl"], "renewing the certificates of a running machine", () => {
  const authority = createAuthority("the cluster's");
  const issue = () => authority.issue({ commonName: "k3s", usages: ["client"] });
  const holder = ({ cert, key }: KeyPair): MachinePart => ({
    name: "example",
    directories: [{ path: "/etc/example" }],
    files: [
      { path: "/etc/example/client.crt", content: cert, mode: "0600", renewable: true },
      { path: "/etc/example/client.key", content: key, mode: "0600", renewable: true },
    ],
  });
  const former = issue();
  let machine: SandboxMachine;
  beforeAll(async () => {
    machine = await SandboxMachine.start();
    const { setup: _, packages: __, ...base } = baseMachine();
    await machine.cloudInit(renderCloudInit([base, holder(former)]));
    expect(await machine.run("/usr/local/lib/trellis/first-boot")).toMatchObject({ code: 0 });
  });
  afterAll(() => machine.stop());

  const renew = (bundle: string) => machine.run("trellis-renew-certificates", { input: bundle });
  const certificate = () => readFileSync(machine.pathOf("/etc/example/client.crt"), "utf8");

  it("lays down what it is given, with its rights, and says until when it holds", async () => {
    const renewed = issue();
    const { code, output } = await renew(certificateBundle([holder(renewed)]));

    expect(output).toMatch(/^\/etc\/example\/client\.crt until .* GMT\n$/);
    expect(code).toBe(0);
    expect(certificate()).toBe(renewed.cert);
    expect((await machine.run("stat -c %a /etc/example/client.key")).output).toBe("600\n");
  });

  const stranger = createAuthority("another cluster's").issue({ commonName: "k3s", usages: ["client"] });
  it.each([
    [
      "another cluster's certificate",
      () => certificateBundle([holder(stranger)]),
      /comes from another authority/,
    ],
    [
      "a key that does not fit",
      () => certificateBundle([holder({ ...issue(), key: former.key })]),
      /does not fit its key/,
    ],
    [
      "another machine's bundle",
      () =>
        certificateBundle([
          { name: "x", files: [{ path: "/etc/absent/client.crt", content: former.cert, renewable: true }] },
        ]),
      /\/etc\/absent\/client\.crt is not on this machine/,
    ],
    ["an empty bundle", () => certificateBundle([]), /the bundle is empty/],
    ["something else", () => "null", /not a bundle/],
  ])("refuses %s and changes nothing", async (_, bundle, message) => {
    const before = certificate();
    const { code, output } = await renew(bundle());

    expect(output).toMatch(message);
    expect(code).toBe(1);
    expect(certificate()).toBe(before);
  });
});
