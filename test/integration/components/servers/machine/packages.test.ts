import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renderCloudInit } from "../../../../../components/servers/machine";
import { SANDBOX_PROGRAMS, SandboxMachine } from "../../../../rigs/machine/sandbox-machine";
import { describeWith } from "../../../../rigs/programs";

const NAME = "trellis-example";
const INSTALLED = "/usr/share/trellis-example";

describeWith([...SANDBOX_PROGRAMS, "apt-get", "dpkg-deb"], "packages of the first boot", () => {
  let machine: SandboxMachine;
  let mirror: Server;
  let failures: number;

  /** A mirror of one package, as a flat repository; the machine's own sources are put aside. */
  beforeEach(async () => {
    machine = await SandboxMachine.start();
    const build = await machine.run(`set -e
        mkdir -p /build/package/DEBIAN /build/package/usr/share /build/mirror
        cd /build
        printf 'Package: ${NAME}\\nVersion: 1\\nArchitecture: all\\nMaintainer: test <test@example.com>\\nDescription: example\\n' >package/DEBIAN/control
        touch package${INSTALLED}
        dpkg-deb --root-owner-group --build package mirror/${NAME}.deb
        cd mirror
        dpkg-deb --field ${NAME}.deb >Packages
        printf 'Filename: ./${NAME}.deb\\nSize: %s\\nSHA256: %s\\n' "$(stat -c %s ${NAME}.deb)" "$(sha256sum ${NAME}.deb | cut -d ' ' -f 1)" >>Packages`);
    expect(build.code, build.output).toBe(0);
    failures = 0;
    mirror = createServer((request, response) => {
      const path = join("/build/mirror", request.url ?? "");
      if (failures-- > 0) response.writeHead(503).end();
      else if (existsSync(machine.pathOf(path))) response.end(readFileSync(machine.pathOf(path)));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
    const { port } = mirror.address() as AddressInfo; // it listens
    for (const path of ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/var/lib/apt/lists"]) {
      rmSync(machine.pathOf(path), { recursive: true, force: true });
    }
    mkdirSync(machine.pathOf("/var/lib/apt/lists/partial"), { recursive: true });
    writeFileSync(machine.pathOf("/etc/apt/sources.list"), `deb [trusted=yes] http://127.0.0.1:${port} ./\n`);
    // A proxy of this machine would not find the mirror, and a sandbox has no user of apt's own.
    writeFileSync(
      machine.pathOf("/etc/apt/apt.conf.d/99test"),
      'Acquire::http::Proxy "DIRECT"; Acquire::Retries "0"; APT::Sandbox::User "root";\n',
    );
    await machine.cloudInit(renderCloudInit([{ name: "example", packages: [NAME] }]));
  });
  afterEach(async () => {
    await new Promise((closed) => mirror.close(closed));
    await machine.stop();
  });

  const boot = () => machine.run("/usr/local/lib/trellis/first-boot");

  it("are fetched again when the mirror answered 503", async () => {
    failures = 3;
    const { code, output } = await boot();

    expect(output).toContain("installing packages, attempt 2 in 5 seconds");
    expect([code, existsSync(machine.pathOf(INSTALLED))]).toEqual([0, true]);
  });

  it("are installed although power was lost while dpkg wrote its journal and had unpacked one of them", async () => {
    const unpacked = await machine.run(`dpkg --unpack /build/mirror/${NAME}.deb`);
    expect(unpacked.code, unpacked.output).toBe(0);
    const journal = await machine.run(
      `sed -n '/^Package: ${NAME}$/,/^$/p' /var/lib/dpkg/status >/var/lib/dpkg/updates/0001 && apt-get install -y ${NAME}`,
    );
    expect(journal.output).toContain("dpkg was interrupted");

    const { code, output } = await boot();
    expect(code, output).toBe(0);
    expect((await machine.run(`dpkg-query --show --showformat '\${db:Status-Status}' ${NAME}`)).output).toBe(
      "installed",
    );
  });
});
