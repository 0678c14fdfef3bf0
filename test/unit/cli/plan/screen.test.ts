import { describe, expect, it } from "vitest";
import { screenOf } from "../../../../cli/plan/screen";
import type { Branch, Summary } from "../../../../cli/plan/summary";
import { paletteFor } from "../../../../cli/shared/palette";

const plain = paletteFor({ isTTY: false });

const branch = (
  name: string,
  type: string,
  counts: Record<string, number> = {},
  branches: readonly Branch[] = [],
): Branch => ({
  name,
  type,
  counts: Object.entries(counts).map(([type, count]) => ({ type, count })),
  branches,
});

function summary(over: Partial<Summary>): Summary {
  return {
    project: "trellis",
    stack: "prod",
    total: 3,
    byType: [],
    tree: branch("trellis-prod", "Stack"),
    outputs: {},
    logs: [],
    absentSecrets: [],
    files: 12,
    out: "out/prod",
    seconds: 1.23,
    cpuSeconds: 1.5,
    peakMemoryMiB: 100,
    ...over,
  };
}

describe("what a plan prints", () => {
  it("is a tree of components with what each holds", () => {
    const servers = branch("servers", "Servers", { Server: 3, Network: 1 });
    const tree = branch("trellis-prod", "Stack", { Namespace: 1 }, [
      branch("cluster", "Cluster", {}, [servers]),
      branch("edge", "Edge", { Firewall: 1 }),
    ]);

    expect(screenOf(summary({ tree }), plain)).toBe(
      [
        "trellis · prod  3 resources",
        "Namespace",
        "├─ cluster Cluster",
        "│  └─ servers Servers",
        "│        3 Server, Network",
        "└─ edge Edge",
        "      Firewall",
        "",
        "12 files in out/prod after 1.2 s",
        "",
      ].join("\n"),
    );
  });

  it("says many alike in one line, and keeps the others where they are", () => {
    const nodes = Array.from({ length: 100 }, (_, index) =>
      branch(`node-${index + 1}`, "Node", { Server: 1 }),
    );
    const tree = branch("s", "Stack", {}, [branch("a", "First"), ...nodes, branch("z", "Last")]);

    const lines = screenOf(summary({ tree }), plain).split("\n");
    expect(lines.slice(1, 5)).toEqual([
      "├─ a First",
      "├─ 100 × node-1 … node-100 Node",
      "│     Server",
      "└─ z Last",
    ]);
  });

  it("lists outputs in one column, long ones by their length, and the cost in euros", () => {
    const outputs = {
      endpoints: { api: "https://203.0.113.1:6443" },
      dns: ["a A 1", "b A 2"],
      none: [],
      kubeconfig: "x\n".repeat(100),
      monthlyCost: {
        euros: 97.5,
        items: [
          { name: "ccx23", count: 2 },
          { name: "ccx23", count: 1 },
          { name: "primary-ipv4", count: 3 },
        ],
      },
    };

    const [, block] = screenOf(summary({ outputs }), plain).split("\n\n");
    expect(block?.split("\n")).toEqual([
      "endpoints.api  https://203.0.113.1:6443",
      "dns            a A 1",
      "               b A 2",
      "none           none",
      "kubeconfig     (200 characters, in outputs.json)",
      "monthlyCost    € 97.50  (3 ccx23, 3 primary-ipv4)",
    ]);
  });

  it("names warnings with what they are about, and the secrets still to be set", () => {
    const text = screenOf(
      summary({
        logs: [
          {
            severity: "warning",
            message: "k3s is out of support soon",
            resource: "urn:pulumi:p::t::x:y:Z::cluster",
          },
        ],
        absentSecrets: [{ key: "trellis:hcloudToken", why: "it moves the floating IP" }],
      }),
      plain,
    );

    expect(text).toContain("warning  k3s is out of support soon (cluster)\n");
    expect(text).toContain(
      "to set   pulumi config set --secret trellis:hcloudToken  it moves the floating IP\n",
    );
  });

  it("is coloured on a terminal only, and never against the user's will", () => {
    const colours = (stream: { isTTY?: boolean }, environment: NodeJS.ProcessEnv) =>
      paletteFor(stream, environment).bold("x") !== "x";

    expect(colours({ isTTY: true }, {})).toBe(true);
    expect(colours({}, {})).toBe(false);
    expect(colours({ isTTY: true }, { NO_COLOR: "1" })).toBe(false);
    expect(colours({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  });
});
