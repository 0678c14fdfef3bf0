import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { parse, stringify } from "yaml";
import type { Summary } from "../cli/plan/summary";

const USAGE = `npm run bench -- plan [--stack prod] [--repeat 5] [--nodes 3,10,30,100]
How long a plan takes, what memory it needs, how large the largest user data is, and how all this grows.`;

/** The limits that `npm run plan` promises for production, on two idle cores. */
const GOAL = { seconds: 4, memoryMiB: 400, ofSdks: 3 };

/** The SDKs that the program imports. What Node needs to load them is the least that any plan takes. */
const SDKS = ["pulumi", "kubernetes", "hcloud", "tls", "random", "docker-build"];

/** Hetzner's size limit for a server's user data. */
const USER_DATA_LIMIT = 32 * 1024;

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  readonly resources: number;
  readonly userDataBytes: number;
}

export default async function plan(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      stack: { type: "string", default: "prod" },
      repeat: { type: "string", default: "5" },
      nodes: { type: "string", default: "3,10,30,100" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const { stack } = values;
  const repeat = Number(values.repeat);
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-plan-"));
  try {
    const runs = await times(repeat, () => planOnce(folder, stack));
    console.log(`npm run plan -- ${stack}, ${repeat} fresh processes\n`);
    figure("seconds, median", median(runs, "seconds").toFixed(2), `goal: under ${GOAL.seconds}`);
    figure("seconds, worst", worst(runs, "seconds").toFixed(2));
    figure(
      "processor seconds, median",
      median(runs, "cpuSeconds").toFixed(2),
      "the same on a loaded machine",
    );
    const sdks = medianOf(await times(repeat, loadSdks));
    const share = median(runs, "cpuSeconds") / sdks;
    figure("processor seconds of the SDKs", sdks.toFixed(2), "to load them, in the same run");
    figure("a plan, in loads of the SDKs", share.toFixed(1), `goal: at most ${GOAL.ofSdks}`);
    figure("peak memory, MiB", String(worst(runs, "memoryMiB")), `goal: under ${GOAL.memoryMiB}`);
    const userData = worst(runs, "userDataBytes");
    const used = ((100 * userData) / USER_DATA_LIMIT).toFixed(0);
    figure("largest user data, bytes", String(userData), `${used} % of ${USER_DATA_LIMIT}`);

    console.log("\nnodes  resources  seconds  processor  peak MiB  largest user data");
    for (const nodes of values.nodes.split(",").map(Number)) {
      const settings = join(folder, `Pulumi.${nodes}.yaml`);
      writeFileSync(settings, withNodes(readFileSync(`Pulumi.${stack}.yaml`, "utf8"), nodes));
      const grown = await times(Math.min(3, repeat), () => planOnce(folder, stack, settings));
      console.log(
        [
          String(nodes).padStart(5),
          String(worst(grown, "resources")).padStart(9),
          median(grown, "seconds").toFixed(2).padStart(7),
          median(grown, "cpuSeconds").toFixed(2).padStart(9),
          String(worst(grown, "memoryMiB")).padStart(8),
          String(worst(grown, "userDataBytes")).padStart(17),
        ].join("  "),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs one plan in its own process, through npm like a user. */
async function planOnce(folder: string, stack: string, settings?: string): Promise<Run> {
  const out = join(folder, "out");
  const flags = [stack, "--json", "--out", out, ...(settings ? ["--config-file", settings] : [])];
  const begin = performance.now();
  const child = spawn("npm", ["run", "--silent", "plan", "--", ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  const code = await new Promise<number | null>((finish, fail) =>
    child.on("error", fail).on("close", finish),
  );
  const seconds = (performance.now() - begin) / 1000;
  if (code !== 0) throw new Error(`the plan of ${stack} failed with exit code ${code}`);
  const { total, cpuSeconds, peakMemoryMiB }: Pick<Summary, "total" | "cpuSeconds" | "peakMemoryMiB"> =
    JSON.parse(stdout);
  return {
    seconds,
    cpuSeconds,
    memoryMiB: peakMemoryMiB,
    resources: total,
    userDataBytes: largestUserData(out),
  };
}

/** The processor seconds of a process that loads the SDKs and ends. */
async function loadSdks(): Promise<number> {
  const imports = SDKS.map((name) => `await import("@pulumi/${name}");`).join("");
  const report = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1e6);";
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--import", "tsx", "--input-type=module", "--eval", `${imports}${report}`],
  ]);
  return Number(stdout);
}

function largestUserData(out: string): number {
  const servers = readdirSync(join(out, "servers"));
  return Math.max(0, ...servers.map((server) => statSync(join(out, "servers", server, "user-data")).size));
}

interface ServerGroup {
  readonly location: string;
  readonly types: readonly string[];
  readonly numbers?: readonly number[];
  readonly roles?: readonly string[];
}

/** The settings of a stack, with agents added in its locations up to this number of nodes. */
function withNodes(yaml: string, nodes: number): string {
  const document = parse(yaml);
  const target = document.config["trellis:settings"].target;
  const groups: (ServerGroup & { readonly count?: number })[] = target.servers;
  const present = groups.reduce((sum, { count = 1 }) => sum + count, 0);
  const agents = groups.flatMap(({ location, types, count = 1 }, index): ServerGroup[] => {
    const share = Math.floor((nodes - present + groups.length - 1 - index) / groups.length);
    if (share <= 0) return [];
    return [
      {
        location,
        types,
        roles: ["workload"],
        numbers: Array.from({ length: share }, (_, i) => count + 1 + i),
      },
    ];
  });
  target.servers = [...groups, ...agents];
  return stringify(document);
}

async function times<T>(count: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let round = 0; round < count; round++) results.push(await work());
  return results;
}

function median(runs: readonly Run[], of: keyof Run): number {
  return medianOf(runs.map((run) => run[of]));
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function worst(runs: readonly Run[], of: keyof Run): number {
  return Math.max(...runs.map((run) => run[of]));
}

function figure(name: string, value: string, remark = ""): void {
  console.log(`${name.padEnd(31)}${value.padStart(8)}  ${remark}`);
}
