import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { reboots } from "../../../../../components/cluster/add-ons/reboots";

const pod = (nodes: number) => {
  const manifests = JSON.parse(
    JSON.stringify(reboots("system-upgrade", { startHour: 22, lengthHours: 4, nodes })),
  );
  const daemonSet = manifests.find(({ kind }: { kind: string }) => kind === "DaemonSet");
  return daemonSet.spec.template.spec.containers[0];
};
const option = (name: string, nodes = 3): string =>
  pod(nodes)
    .command.find((word: string) => word.startsWith(`--${name}=`))
    ?.slice(name.length + 3);

describe("the reboots of servers", () => {
  it("take place in the window, also where it spans midnight", () => {
    expect([option("start-time"), option("end-time"), option("time-zone")]).toEqual([
      "22:00",
      "02:00",
      "UTC",
    ]);
  });

  it("happen by force only where there is a single server", () => {
    expect([option("force-reboot", 1), option("force-reboot", 3)]).toEqual(["true", "false"]);
  });

  it("lock on the DaemonSet that kured may change", () => {
    expect(option("ds-namespace")).toBe("system-upgrade");
    expect(option("ds-name")).toBe("kured");
  });

  it("are due by a command that a shell understands and that says no without a sentinel", () => {
    const command = option("reboot-sentinel-command");
    // As kured does it: words by a shell's quotes, and no shell besides.
    expect(() => execFileSync("sh", ["-c", `exec ${command}`], { stdio: "ignore" })).toThrow(
      /Command failed/,
    );
  });
});
