#!/usr/bin/env node
// A stand-in for kubectl, before a cluster that has one CronJob of the checks. It records its calls, "runs" a created
// Job at once, and follows a log that it never ends where HANG is set.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.env.STAND_IN_FOLDER;
const words = process.argv.slice(2);
const at = (name) => join(folder, name);
appendFileSync(at("calls"), `${words.join(" ")}\n`);
const has = (...all) => all.every((word) => words.includes(word));

if (has("get", "cronjob")) {
  const container = { name: "health", image: "jobs", args: ["operations", "health", "--scheduled"] };
  const template = { spec: { containers: [container] } };
  process.stdout.write(JSON.stringify({ spec: { jobTemplate: { spec: { template } } } }));
} else if (has("create")) {
  writeFileSync(at("job"), readFileSync(0, "utf8"));
} else if (has("get", "pods")) {
  const code = Number(process.env.STAND_IN_CODE ?? 0);
  const terminated = existsSync(at("ended")) ? { terminated: { exitCode: code } } : {};
  const pod = { metadata: { name: "pod-1" }, status: { phase: "Running", containerStatuses: [{ state: terminated }] } };
  process.stdout.write(JSON.stringify({ items: existsSync(at("job")) ? [pod] : [] }));
} else if (has("logs")) {
  process.stdout.write(process.env.STAND_IN_LOG ?? "");
  if (process.env.STAND_IN_HANG) setInterval(() => undefined, 1_000);
  else writeFileSync(at("ended"), "");
} else if (has("delete")) {
  writeFileSync(at("deleted"), words.join(" "));
} else process.exit(1);
