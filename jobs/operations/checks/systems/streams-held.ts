import { check, count, noneOf, notApplicable } from "../check";
import { streamStates } from "./streams";

export const streamsHeld = check({
  id: "systems.streams-held",
  title: "no batch waits for an approval of its deletions",
  severity: "warning",
  timeoutSeconds: 20,
  means: "A batch would delete too much; the stream stands still until somebody approves or refuses it.",
  next: "jobs datasurface status",
  runbook: "docs/runbooks/health.md#deletions-are-held",
  run: async (readers, platform) => {
    const { streams } = platform;
    if (!streams) return notApplicable("the stack ingests nothing");
    const states = await streamStates(readers, platform, streams);
    const held = states.flatMap(([name, { heldDeletes }]) =>
      heldDeletes === undefined ? [] : [`${name} holds ${count(heldDeletes, "deletion")}`],
    );
    return noneOf(held, "none waits");
  },
});
