import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { BOOT_PROGRAMS } from "../../rigs/machine/booted-machine";
import { describeWith } from "../../rigs/programs";
import { eventually } from "../../rigs/waiting";

const RIG = fileURLToPath(new URL("../../rigs/machine/booted-machine.ts", import.meta.url));

describeWith(BOOT_PROGRAMS, "a booted machine", () => {
  it("ends with the process that started it, also when that is killed", async () => {
    const script = `import { BootedMachine } from ${JSON.stringify(RIG)};
      const machine = await BootedMachine.start([], []);
      console.log(machine.processId);
      setInterval(() => undefined, 1000);`;
    const starter = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [printed] = await once(starter.stdout, "data");
    const systemd = `/proc/${String(printed).trim()}`;
    expect(existsSync(systemd)).toBe(true);
    starter.kill("SIGKILL");
    await eventually("its systemd has ended", 30_000, () => !existsSync(systemd));
  });
});
