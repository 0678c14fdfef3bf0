import { check, count, noneOf, notApplicable } from "../check";
import { streamStates } from "./streams";

export const streamsLag = check({
  id: "systems.streams-lag",
  title: "every stream is fresh",
  severity: "critical",
  timeoutSeconds: 20,
  means: "Readers of the merge tables see old rows.",
  next: "jobs datasurface status",
  runbook: "docs/runbooks/airflow.md#a-task-fails",
  run: async (readers, platform) => {
    const { streams } = platform;
    if (!streams) return notApplicable("the stack ingests nothing");
    const states = await streamStates(readers, platform, streams);
    const late = states.flatMap(([name, { lagSeconds, status }]) => {
      if (status === undefined) return [`${name} has never run`];
      if (lagSeconds === undefined) return [`${name} has no committed batch`];
      return lagSeconds > streams.maxLagHours * 3600
        ? [`${name} is ${(lagSeconds / 3600).toFixed(1)} hours old`]
        : [];
    });
    return noneOf(late, `${count(states.length, "stream")} within ${streams.maxLagHours} hours`);
  },
});
