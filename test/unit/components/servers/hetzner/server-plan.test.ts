import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AccountSurvey, RunningServer } from "../../../../../components/servers/hetzner/account";
import { GENERATION_LABEL } from "../../../../../components/servers/hetzner/labels";
import { planServers, type ServerPlanArgs } from "../../../../../components/servers/hetzner/server-plan";
import { nodesOf, SERVER_TYPES } from "../../../../../components/settings";
import { targetWith } from "../../../../rigs/hetzner/targets";

const LOCATIONS = ["fsn1", "nbg1", "hel1"];
const [A, B, C] = ["ubuntu-16gb-fsn1-1", "ubuntu-16gb-hel1-1", "ubuntu-16gb-nbg1-1"] as const;
const nodes = nodesOf(targetWith()); // three servers that want ccx23, then cpx42

const runs = (
  name: string,
  changes: Partial<RunningServer> & { generation?: number } = {},
): RunningServer => ({
  name,
  serverType: "ccx23",
  labels: { [GENERATION_LABEL]: String(changes.generation ?? 1) },
  deleteProtection: true,
  ...changes,
});

function survey(running: readonly RunningServer[], soldOut: Record<string, string[]> = {}): AccountSurvey {
  const stock = Object.keys(SERVER_TYPES).map(
    (type) => [type, new Set(LOCATIONS.filter((location) => !soldOut[type]?.includes(location)))] as const,
  );
  return { servers: new Map(running.map((server) => [server.name, server])), stock: new Map(stock) };
}

function plan(args: Partial<ServerPlanArgs>) {
  const plans = planServers({ nodes, survey: survey([]), generations: {}, protection: true, ...args });
  return {
    of: (name: string) => {
      const found = plans.find(({ node }) => node.name === name);
      if (!found) throw new Error(`no plan of ${name}`);
      return found;
    },
    notes: plans.flatMap(({ notes }) => notes.map(({ message }) => message)),
    plans,
  };
}

describe("the type of a new server", () => {
  it("is the wanted one while it is in stock, without a word", () => {
    const { of, notes } = plan({});

    expect(of(A).serverType).toBe("ccx23");
    expect(notes).toEqual([]);
  });

  it("is the first stand-in that its own location has, and says so", () => {
    const { of, notes } = plan({ survey: survey([], { ccx23: ["hel1"] }) });

    expect([of(A), of(B), of(C)].map(({ serverType }) => serverType)).toEqual(["ccx23", "cpx42", "ccx23"]);
    expect(notes).toEqual([`${B} gets cpx42: ccx23 is sold out in hel1`]);
  });

  it("is missed with a message that names what was asked for and where", () => {
    const everywhere = { ccx23: LOCATIONS, cpx42: LOCATIONS };

    expect(() => plan({ survey: survey([], everywhere) })).toThrow(
      /ubuntu-16gb-fsn1-1 cannot be created: fsn1 has none of ccx23, cpx42 in stock.*16 GB and amd64/,
    );
  });
});

describe("a server that runs", () => {
  it("keeps its type while that is in its list, in stock or not, wanted or stand-in", () => {
    const running = [runs(A), runs(B, { serverType: "cpx42" }), runs(C)];
    const { plans, notes } = plan({ survey: survey(running, { ccx23: LOCATIONS, cpx42: LOCATIONS }) });

    expect(plans.map(({ serverType }) => serverType)).toEqual(["ccx23", "cpx42", "ccx23"]);
    expect(plans.some(({ boots }) => boots)).toBe(false);
    expect(notes).toEqual([]);
  });

  it("is resized when its type is no longer listed, one server in a run", () => {
    const running = [runs(A, { serverType: "ccx33" }), runs(B, { serverType: "ccx33" }), runs(C)];
    const { of, notes } = plan({ survey: survey(running) });

    expect([of(A).serverType, of(B).serverType]).toEqual(["ccx23", "ccx33"]);
    expect(notes).toEqual([
      `${A} is shut down to change its type from ccx33 to ccx23`,
      expect.stringContaining(`${B} waits for ${A},`),
    ]);
  });

  it("stays as it is when a resize finds nothing in stock", () => {
    const running = [runs(A, { serverType: "ccx33" }), runs(B), runs(C)];
    const { of, notes } = plan({ survey: survey(running, { ccx23: ["fsn1"], cpx42: ["fsn1"] }) });

    expect(of(A).serverType).toBe("ccx33");
    expect(notes).toEqual([expect.stringContaining(`${A} keeps ccx33`)]);
  });

  it("is left alone when somebody took its labels away", () => {
    const { of, notes } = plan({ survey: survey([runs(A, { labels: {} })]), generations: { [A]: 4 } });

    expect(of(A)).toMatchObject({ generation: 4, boots: false });
    expect(notes).toEqual([]);
  });
});

describe("a raised generation", () => {
  const generations = { [A]: 2, [C]: 2 };

  it("first lifts the protection of one server, and replaces nothing", () => {
    const { of, notes } = plan({ survey: survey([runs(A), runs(B), runs(C)]), generations });

    expect(of(A)).toMatchObject({ generation: 1, protectedAtHetzner: false, protectedInState: false });
    expect(of(C)).toMatchObject({ generation: 1, protectedAtHetzner: true, protectedInState: true });
    expect(notes).toEqual([
      `${A}: this update lifts its deletion protection; run it again to replace the server`,
      expect.stringContaining(`${C} waits for ${A},`),
    ]);
  });

  it("then replaces that one, and protects its successor", () => {
    const running = [runs(A), runs(B), runs(C, { deleteProtection: false })];
    const { of } = plan({ survey: survey(running), generations });

    expect(of(C)).toMatchObject({ generation: 2, boots: true, protectedAtHetzner: true });
    expect(of(A)).toMatchObject({ generation: 1, boots: false, protectedAtHetzner: true });
  });

  it("never takes a server down while no successor is in stock", () => {
    const running = [runs(A, { deleteProtection: false }), runs(B), runs(C)];
    const soldOut = { ccx23: ["fsn1"], cpx42: ["fsn1"] };
    const { of, notes } = plan({ survey: survey(running, soldOut), generations: { [A]: 2 } });

    expect(of(A)).toMatchObject({ generation: 1, boots: false, protectedAtHetzner: true });
    expect(notes).toEqual([expect.stringContaining(`${A} is not replaced`)]);
  });

  it("takes a stand-in for the successor where the old type is sold out", () => {
    const running = [runs(A, { deleteProtection: false }), runs(B), runs(C)];
    const { of } = plan({ survey: survey(running, { ccx23: ["fsn1"] }), generations: { [A]: 2 } });

    expect(of(A)).toMatchObject({ generation: 2, serverType: "cpx42" });
  });

  it("is applied at once to a server that does not exist yet", () => {
    const { of } = plan({ generations });

    expect(of(A)).toMatchObject({ generation: 2, boots: true });
  });
});

it("takes at most one running server down in a run, whatever is asked", () => {
  const running = fc.record({
    serverType: fc.constantFrom("ccx23", "cpx42", "ccx33", "cx21"),
    generation: fc.integer({ min: 1, max: 3 }),
    deleteProtection: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.tuple(running, running, running),
      fc.dictionary(fc.constantFrom(A, B, C), fc.integer({ min: 1, max: 3 })),
      fc.boolean(),
      fc.constantFrom<Record<string, string[]>>(
        {},
        { ccx23: ["fsn1"] },
        { ccx23: LOCATIONS, cpx42: ["nbg1"] },
      ),
      ([a, b, c], generations, protection, soldOut) => {
        const now = [runs(A, a), runs(B, b), runs(C, c)].map((server, index) => ({
          ...server,
          labels: { [GENERATION_LABEL]: String([a, b, c][index]?.generation) },
        }));
        const { plans } = plan({ survey: survey(now, soldOut), generations, protection });
        const takenDown = plans.filter(({ node, serverType, generation }) => {
          const before = now.find(({ name }) => name === node.name);
          return (
            before &&
            (before.serverType !== serverType || before.labels[GENERATION_LABEL] !== String(generation))
          );
        });
        expect(takenDown.length).toBeLessThanOrEqual(1);
        for (const { node, boots } of takenDown) {
          // Hetzner refuses to delete what it protects, half-way through the run.
          const before = now.find(({ name }) => name === node.name);
          expect(boots && before?.deleteProtection).not.toBe(true);
        }
      },
    ),
  );
});
