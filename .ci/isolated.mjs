// Runs test files a few at once, each by a vitest of its own in a network of its own, where every address and port is free:
//
//   node .ci/isolated.mjs <ledger> <files at once> <seconds> <vitest project>...
//
// Those that took longest the last time begin first. What a slow machine has no time for, in so many seconds, is left out and
// named; it comes first in the next run. Each file's output is printed whole when it ends, and its line goes into the ledger
// for tally.mjs, which judges it. A file that fails runs once more when all others are done and the machine is its own: so
// a real fault fails twice, and what was a matter of load is said to be one. Those of ALONE run beside each other, after all
// others. Without root there is one network.
// Those that build images install packages in them, and so have the machine's network.
//
// While the processors have little to do, since tests wait for leases and timeouts, further files run beside them: those that
// need the least CPU. What each needed is kept beside what it took.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

const LIMIT_SECONDS = 1800;
const LAST_WORDS_MS = 10_000;
// The share of the processors that is idle, and for how long, before one file more begins; and so many more at once.
const IDLE_SHARE = 0.4;
const IDLE_MS = 15_000;
const MORE_AT_ONCE = 2;
/** Of a file that has never run here. */
const UNKNOWN_SECONDS = 60;
const NEED_PACKAGES = "test/services/images/";
// Their failovers have limits in seconds, which hold on a machine that has nothing else to do; each takes half a processor.
const ALONE = ["faults", "network-faults"].map((name) => `test/services/components/data/postgres/${name}.test.ts`);
// Whole servers, or a whole node with an Airflow on it: two of these beside each other would starve.
const NEED_ROOM = [
  "test/engine/existing.test.ts",
  "test/services/components/systems/airflow/on-kubernetes.test.ts",
  "test/services/components/servers/boot/prod.test.ts",
];
const VITEST = [process.execPath, "node_modules/vitest/vitest.mjs"];
const OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];

const [ledger, atOnce, seconds, ...projects] = process.argv.slice(2);
const reports = dirname(ledger);
const cache = process.env.TRELLIS_CACHE ?? join(homedir(), ".cache/trellis");
const durationsFile = join(cache, "durations.json");
const cpuFile = join(cache, "cpu-seconds.json");
const leftOutFile = join(cache, "left-out.json");
const deadline = performance.now() + Number(seconds) * 1000;

const durations = readJson(durationsFile, {});
/** Seconds of the processors, by file. */
const cpuSeconds = readJson(cpuFile, {});
const leftOutBefore = readJson(leftOutFile, []);
const leftOut = [];
const prefix = spawnSync(OWN_NETWORK[0], [...OWN_NETWORK.slice(1), "true"]).status === 0 ? OWN_NETWORK : [];
const first = ({ path }) => Number(leftOutBefore.includes(path));
const all = listed().sort(
  (a, b) =>
    first(b) - first(a) || (durations[b.path] ?? Infinity) - (durations[a.path] ?? Infinity) || 0,
);
const alone = all.filter(({ path }) => ALONE.includes(path));
const files = all.filter((file) => !alone.includes(file));
/** What the files of this run took, and took before: how much slower the machine is now. */
const spent = { now: 60, before: 60 };
console.log(`${all.length} files, ${atOnce} at once, ${prefix.length ? "each in a network of its own" : "in one network"}`);

mkdirSync(cache, { recursive: true });
writeFileSync(leftOutFile, "[]");
const failed = [];
let roomy;
/** The last look for idle processors: a file that just began shows in the next one only. */
let looked = Promise.resolve(false);
const further = Array.from({ length: MORE_AT_ONCE }, workWhenIdle);
await Promise.all([...Array.from({ length: Number(atOnce) }, work), ...further]);
await Promise.all(alone.map((file) => (fits(file) ? attempt(file) : leaveOut(file))));
for (const file of failed) {
  const held = await run(file);
  console.log(`-- ${file.path}: failed the first time, and ${held ? "holds" : "fails"} alone\n`);
  note(file, held ? 0 : 1);
}
process.exit(); // whatever a test left behind may still hold its output

async function work() {
  for (let file = next(); file; file = next()) {
    if (fits(file)) await attempt(file);
    else leaveOut(file);
    if (file === roomy) roomy = undefined;
  }
}

/** Seconds that a file will take: what it took before, on a machine as slow as this one is now. */
function expected({ path }) {
  return (durations[path] ?? UNKNOWN_SECONDS) * (spent.now / spent.before);
}

function timeLeft() {
  return (deadline - performance.now()) / 1000;
}

/** Whether a file would be done in time, and those that run by themselves after it. */
function fits(file) {
  const kept = alone.includes(file) ? 0 : Math.max(...alone.map(expected));
  return expected(file) <= timeLeft() - kept;
}

function leaveOut(file) {
  console.log(`-- ${file.path}: left out, since it would take about ${Math.round(expected(file))} s of ${Math.round(timeLeft())} s\n`);
  appendFileSync(ledger, `${file.path}\tleft out\t-\n`);
  leftOut.push(file.path);
  writeFileSync(leftOutFile, JSON.stringify(leftOut));
}

/** Runs files while the processors are idle: each time the one that needs them least. */
async function workWhenIdle() {
  while (files.length > 0) {
    looked = looked.then(idle);
    if (!(await looked)) continue;
    const light = files
      .filter((each) => !NEED_ROOM.includes(each.path) && fits(each))
      .sort((a, b) => shareOf(a) - shareOf(b) || expected(a) - expected(b))[0];
    if (!light) return;
    files.splice(files.indexOf(light), 1);
    await attempt(light);
  }
}

/** Processors that a file keeps busy; one of which nothing is known, a whole one. */
function shareOf({ path }) {
  return cpuSeconds[path] === undefined ? 1 : cpuSeconds[path] / Math.max(1, durations[path]);
}

async function idle() {
  const before = processorTime();
  await setTimeout(IDLE_MS);
  const after = processorTime();
  return after.idle - before.idle >= IDLE_SHARE * (after.all - before.all);
}

/** Of all processors since the machine started, in ticks. */
function processorTime() {
  const fields = readFileSync("/proc/stat", "utf8").split("\n")[0].split(/ +/).slice(1, 9).map(Number);
  return { idle: fields[3] + fields[4], all: fields.reduce((sum, each) => sum + each, 0) };
}

/** Runs a file, which has another try at the end if it fails. */
async function attempt(file) {
  if (await run(file)) note(file, 0);
  else failed.push(file);
}

/** The first that may run beside what runs now. */
function next() {
  const index = files.findIndex(({ path }) => !roomy || !NEED_ROOM.includes(path));
  if (index < 0) return undefined;
  const [file] = files.splice(index, 1);
  if (NEED_ROOM.includes(file.path)) roomy = file;
  return file;
}

/** The files of the projects, as vitest knows them. */
function listed() {
  const args = [...VITEST.slice(1), "list", "--filesOnly", "--json", ...projects.map((name) => `--project=${name}`)];
  const { status, stdout, stderr } = spawnSync(VITEST[0], args, { encoding: "utf8" });
  const found = status === 0 ? JSON.parse(stdout) : [];
  if (found.length === 0) throw new Error(`vitest lists no files of ${projects.join(" and ")}: ${stderr}`);
  return found.map(({ file, projectName }) => ({ path: file.slice(process.cwd().length + 1), project: projectName }));
}

function reportOf({ path }) {
  return join(reports, `${path.replaceAll("/", "-")}.json`);
}

/** The file's line in the ledger. */
function note(file, code) {
  appendFileSync(ledger, `${file.path}\t${code}\t${reportOf(file)}\n`);
}

/** Runs a file, and tells whether all in it held. */
async function run(file) {
  const { path, project } = file;
  const began = performance.now();
  console.log(`-- ${path}: begins at ${new Date().toISOString().slice(11, 19)}`);
  const report = reportOf(file);
  const times = `${report}.times`;
  for (const each of [report, times]) rmSync(each, { force: true });
  const [program, ...args] = [
    ...(path.startsWith(NEED_PACKAGES) ? [] : prefix),
    ...["sh", "-c", '"$@"; code=$?; times > "$0"; exit $code', times],
    ...["timeout", "--kill-after=20", String(LIMIT_SECONDS)],
    ...VITEST,
    ...["run", `--project=${project}`, "--maxWorkers=1", path],
  ];
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, TRELLIS_TEST_REPORT: report },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const closed = once(child, "close");
  const [code] = await once(child, "exit");
  await Promise.race([closed, setTimeout(LAST_WORDS_MS)]); // a process left behind would hold its output for ever
  const took = Math.round((performance.now() - began) / 1000);
  if (durations[path]) {
    spent.now += took;
    spent.before += durations[path];
  }
  durations[path] = took;
  writeFileSync(durationsFile, JSON.stringify(durations));
  const cpu = cpuSpent(times);
  if (cpu !== undefined) {
    cpuSeconds[path] = cpu;
    writeFileSync(cpuFile, JSON.stringify(cpuSeconds));
  }
  console.log(`${output.trimEnd()}\n-- ${path}: exit code ${code} after ${took} s, ${cpu} s of CPU (${files.length} to begin)\n`);
  return code === 0;
}

/**
 * Seconds of all processes that a file has started and seen end, as the shell's `times` prints them: the shell's own in the
 * first line, its children's in the second. Containers are not among them.
 */
function cpuSpent(times) {
  const [, children] = existsSync(times) ? readFileSync(times, "utf8").trim().split("\n") : [];
  if (!children) return undefined;
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, minutes, rest]) => 60 * minutes + Number(rest));
  return Math.round(seconds.reduce((sum, each) => sum + each, 0));
}

function readJson(path, otherwise) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return otherwise; // nothing has run here yet
  }
}
