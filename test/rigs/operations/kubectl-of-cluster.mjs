#!/usr/bin/env node
// Stands in for kubectl: answers `get`, `logs`, `exec`, `api-resources` and `version` from the JSON file that
// STAND_IN_CLUSTER names.
import { readFileSync } from "node:fs";

const cluster = JSON.parse(readFileSync(process.env.STAND_IN_CLUSTER ?? "", "utf8"));
const [verb, what] = process.argv.slice(2);
if (verb === "version") {
  process.stdout.write("Server Version: v1.34.1+k3s1\n");
} else if (verb === "api-resources") {
  process.stdout.write((cluster.kinds ?? []).map((kind) => `${kind}\n`).join(""));
} else if (verb === "exec") {
  const words = process.argv.slice(process.argv.indexOf("--") + 1);
  const answers = cluster.programs[what] ?? {};
  if (words.join(" ") in answers) process.stdout.write(answers[words.join(" ")]);
  else process.exitCode = 1;
} else if (verb === "get" && what in cluster.objects) {
  process.stdout.write(JSON.stringify({ items: cluster.objects[what] }));
} else if (verb === "get") {
  process.stdout.write(JSON.stringify({ items: [] }));
} else if (verb === "logs" && process.argv.includes("--previous")) {
  process.stdout.write(cluster.previous[what] ?? "");
} else if (verb === "logs" && what in cluster.logs) {
  process.stdout.write(cluster.logs[what]);
} else {
  process.stderr.write(`Error from server (NotFound): ${what} not found\n`);
  process.exitCode = 1;
}
