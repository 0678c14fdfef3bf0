import { command } from "../shared/command";

export const start = command({
  name: "start",
  group: "local",
  summary: "Runs the platform in small on this machine.",
  description:
    "Plans the dev stack, starts PostgreSQL and an S3 server on loopback, and runs the rendered Jobs, CronJobs and DAGs as processes. .local/ keeps the data for the next run.",
  flags: {
    "--only <system>": "run one system: datasurface, rain, backup",
    "--serve": "keep running and serve the live report on loopback until Ctrl-C",
    "--postgres-bin <dir>": "use this PostgreSQL (16 or newer) instead of the one that npm installs",
    "--json": "print the end result as JSON, and nothing else",
    "--quiet": "print only what failed, and the last line",
  },
  examples: [
    ["start", "everything once"],
    ["start --serve", "keep it running, to look at it"],
    ["start --only rain", "one system"],
  ],
  details:
    "The run writes its report to out/dev/report.html, and as JSON to out/dev/report.json. `trellis clean` removes out/ and .local/.",
  words: "any",
  exitCodes: {
    1: "a step or a check failed, or --only backup made no backup",
    3: "well, but no backup was made: a program for it is missing, and the output names it",
    130: "stopped by Ctrl-C",
  },
  endsProcess: true,
  run: async (given) => (await import("../start")).start(given),
});
