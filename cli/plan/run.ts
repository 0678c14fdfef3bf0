import { type PlanCommandLine, planFlags } from "./flags";
import { refuseWrongSettings } from "./refuse";

/** Runs `trellis plan`. */
export async function run(given: PlanCommandLine): Promise<void> {
  const flags = planFlags(given);
  refuseWrongSettings(flags);
  await import("../pulumi-monitor/conceal-literals"); // must precede every import of the Pulumi SDK
  const { diff } = flags;
  if (diff !== undefined) {
    const { showDifference } = await import("./difference");
    await showDifference({ ...flags, diff });
    return;
  }
  const { showPlan } = await import("./show-plan");
  await showPlan(flags);
}
