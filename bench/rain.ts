import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { daysOfMonths, foprWorkbook, startProvider, waterYearWorkbook } from "../cli/start/samples";
import { bundleJobs } from "../jobs/bundle";
import { monthsOfWaterYear } from "../jobs/rain/calendar";
import type { Expectation } from "../jobs/rain/reading";
import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from "../test/rigs/postgres/postgres";
import { cacheDirectory } from "../test/rigs/programs";

const USAGE = `npm run bench -- rain [--repeat 3] [--years 15] [--workbook <pcp_WY_YYYY.xlsx>] [--record <id_FOPR.xlsx>]
One water year and one official record, end to end, beside plain readings of the same files by openpyxl and SheetJS; then
so many years in one command, for its memory.`;

/** The time of the old importer, and the goal for this one. */
const GOAL = { seconds: 5, before: "2 to 3 minutes" };

/** The number of gauges in the provider's files. */
const GAUGES = 362;

interface Measured {
  readonly seconds: number;
  readonly peakMiB: number;
}

export default async function rain(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      repeat: { type: "string", default: "3" },
      years: { type: "string", default: "15" },
      workbook: { type: "string", default: "../shared/data/rain/pcp_WY_2023.xlsx" },
      record: { type: "string", default: "../shared/data/rain/59700_FOPR.xlsx" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-rain-"));
  const server = await startPostgres({
    settings: { fsync: "on", synchronous_commit: "on", full_page_writes: "on" },
  });
  try {
    const cli = await bundleJobs(join(folder, "jobs"));
    const workbook = existing(values.workbook) ?? generatedWorkbook(folder);
    const record = existing(values.record) ?? generatedRecord(folder);
    const waterYear = Number(/(\d{4})\.xlsx$/.exec(workbook)?.[1]);
    const gauge = /(\d+)_FOPR/.exec(record)?.[1] ?? "";
    const repeat = Number(values.repeat);
    await compare(server, cli, repeat, `one water year (${workbook.split("/").at(-1)})`, {
      path: workbook,
      expected: { source: "workbook", waterYear },
      words: ["import-year", String(waterYear), "--file", workbook],
    });
    await compare(server, cli, repeat, `one official record (${record.split("/").at(-1)})`, {
      path: record,
      expected: { source: "fopr", gauge },
      words: ["import-fopr", "--data", "--gauge", gauge, "--file", record],
    });
    await manyYears(server, cli, Number(values.years), workbook);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Subject {
  readonly path: string;
  readonly expected: Expectation;
  /** The arguments of the command that imports it. */
  readonly words: readonly string[];
}

async function compare(
  server: PostgresServer,
  cli: string,
  repeat: number,
  title: string,
  { path, expected, words }: Subject,
): Promise<void> {
  const results = new Map<string, Measured[]>();
  const note = (name: string, measured: Measured) =>
    results.set(name, [...(results.get(name) ?? []), measured]);
  for (let round = 0; round < repeat; round++) {
    const database = await createDatabase(server, { label: "bench_rain" });
    note("ours: whole command (start, parse, load, summaries)", await command(cli, words, database));
    note("ours: the same file again, unchanged", await command(cli, words, database));
    await database.drop();
    note("ours: reading alone", readBy("ours", path, expected));
    note("openpyxl: reading alone", readByPython(path, "whole"));
    note("openpyxl read_only: reading alone", readByPython(path, "streaming"));
    note("SheetJS: reading alone", readBy("sheetjs", path, expected));
  }
  console.log(`\n${title}, ${repeat} fresh processes each\n`);
  console.log("                                                       seconds, median   worst   peak MiB");
  for (const [name, runs] of results) {
    const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b);
    const peak = Math.max(...runs.map((run) => run.peakMiB));
    console.log(
      `${name.padEnd(54)} ${fixed(seconds[Math.floor(seconds.length / 2)])} ${fixed(seconds.at(-1), 8)} ${peak.toFixed(0).padStart(10)}`,
    );
  }
  console.log(
    `goal: the whole command under ${GOAL.seconds} s, where the importer before it took ${GOAL.before} a year`,
  );
}

const fixed = (value: number | undefined, width = 15) => (value ?? Number.NaN).toFixed(2).padStart(width);

/** Imports several years in one command from a local provider, and measures whether its memory grows. */
async function manyYears(
  server: PostgresServer,
  cli: string,
  count: number,
  workbook: string,
): Promise<void> {
  const provider = await startProvider();
  const database = await createDatabase(server, { label: "bench_rain_years" });
  try {
    const last = 2024;
    const years = Array.from({ length: count }, (_, index) => last - count + 1 + index);
    const real = Number(/(\d{4})\.xlsx$/.exec(workbook)?.[1]);
    for (const year of years) {
      const bytes = year === real ? readFileSync(workbook) : generatedYear(year);
      provider.publish(`pcp_WY_${year}.xlsx`, bytes);
    }
    const peaks: number[] = [];
    const environment = {
      MCFCD_BASE_URL: provider.url,
      RAIN_RATE_LIMIT_SECONDS: "0.001",
      RAIN_WORKBOOK_START_YEAR: String(years[0]),
    };
    const words = ["import-years", String(years[0]), String(last)];
    const measured = await command(cli, words, database, environment, (peakMiB) => peaks.push(peakMiB));
    const [row] = await database.query<{ count: number }>("SELECT count(*)::integer AS count FROM reading");
    console.log(`\n${count} water years in one command: ${row?.count.toLocaleString("en")} readings\n`);
    console.log(
      `seconds                ${measured.seconds.toFixed(1)} (${(measured.seconds / count).toFixed(2)} a year)`,
    );
    console.log(`most memory, MiB, after each year: ${peaks.map((peak) => peak.toFixed(0)).join(" ")}`);
  } finally {
    await provider.stop();
    await database.drop();
  }
}

/** Runs a command of the bundle. After each finished file, `onFile` gets the peak memory of the worker process. */
async function command(
  cli: string,
  words: readonly string[],
  database: TestDatabase,
  environment: Record<string, string> = {},
  onFile: (peakMiB: number) => void = () => undefined,
): Promise<Measured> {
  const started = performance.now();
  const job = spawn(process.execPath, [cli, "rain", ...words], {
    env: {
      PATH: process.env.PATH,
      RAIN_DATABASE_URL: `${database.url}?sslmode=disable`,
      LOG_FORMAT: "json",
      ...environment,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  let peakMiB = 0;
  job.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
    for (const _ of chunk.toString().matchAll(/ readings, /g)) onFile(peakMiB);
  });
  const watch = setInterval(() => {
    peakMiB = Math.max(peakMiB, ...childrenOf(job.pid).map(highWaterMiB));
  }, 20);
  const exitCode = await new Promise((done) => job.on("close", done));
  clearInterval(watch);
  if (exitCode !== 0) throw new Error(`${words.join(" ")} failed: ${log}`);
  return { seconds: (performance.now() - started) / 1000, peakMiB };
}

function childrenOf(pid: number | undefined): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  } catch {
    return readdirSync("/proc").filter((each) => parentOf(each) === pid);
  }
}

function parentOf(pid: string): number | undefined {
  try {
    return Number(/PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function highWaterMiB(pid: string): number {
  try {
    return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0; // the process ended
  }
}

function readBy(reader: "ours" | "sheetjs", path: string, expected: Expectation): Measured {
  const script = join(import.meta.dirname, "rain-read.ts");
  const words = ["--import", "tsx", script, reader, path, JSON.stringify(expected)];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: "utf8" }));
}

function readByPython(path: string, mode: "whole" | "streaming"): Measured {
  const script = join(import.meta.dirname, "rain-read.py");
  return JSON.parse(execFileSync(openpyxl(), [script, path, mode], { encoding: "utf8" }));
}

/** The Python with openpyxl, which test/toolchain/python.sh makes. */
function openpyxl(): string {
  execFileSync("bash", [join(import.meta.dirname, "../test/toolchain/python.sh"), "openpyxl"], {
    stdio: "inherit",
  });
  return join(cacheDirectory, "venv-openpyxl", "bin", "python");
}

const existing = (path: string) => (existsSync(path) ? path : undefined);

const generatedGauge = (id: string, years: readonly number[]) => ({
  id,
  days: new Map(
    daysOfMonths(years.flatMap(monthsOfWaterYear)).map((day, index) => {
      const draw = (index * 7919 + Number(id)) % 97;
      return [day, draw === 0 ? null : draw < 8 ? draw * 0.03937 : 0] as const;
    }),
  ),
});

const generatedYear = (year: number) =>
  waterYearWorkbook(
    year,
    Array.from({ length: GAUGES }, (_, index) => generatedGauge(String(10_000 + index * 100), [year])),
  );

function generatedWorkbook(folder: string): string {
  const path = join(folder, "pcp_WY_2023.xlsx");
  writeFileSync(path, generatedYear(2023));
  return path;
}

function generatedRecord(folder: string): string {
  const years = Array.from({ length: 27 }, (_, index) => 1998 + index);
  const path = join(folder, "59700_FOPR.xlsx");
  writeFileSync(path, foprWorkbook(generatedGauge("59700", years)));
  return path;
}
