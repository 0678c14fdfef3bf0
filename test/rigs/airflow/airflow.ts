import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { program } from "../programs";
import type { Rendered } from "../rendered-objects";

/** What read_dags.py tells of one task. */
export interface ReadTask {
  readonly type: string;
  readonly downstream: readonly string[];
  readonly retries: number;
  readonly priority: number;
  readonly tellsSlack: boolean;
  readonly deferrable?: boolean;
  readonly pool?: string;
  readonly onFinish?: string;
  readonly typedEnvironment?: boolean;
  readonly pod?: Rendered;
}

export interface ReadDags {
  /** Of the processor, so that other work on the machine counts for little. */
  readonly seconds: number;
  readonly files: Readonly<Record<string, number>>;
  readonly importErrors: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly dags: Readonly<
    Record<
      string,
      {
        readonly schedule: string;
        readonly catchup: boolean;
        readonly maxActiveRuns: number;
        readonly pausedAtFirst: boolean;
        readonly tasks: Readonly<Record<string, ReadTask>>;
      }
    >
  >;
}

const SCRIPTS = resolve(import.meta.dirname, "scripts");

/** Lets Airflow read these files of a ConfigMap, laid out as kubelet mounts them. */
export async function readDags(
  files: Readonly<Record<string, string>>,
  ...flags: readonly "--brief"[]
): Promise<ReadDags> {
  return withMounted(files, async (folder, run) => JSON.parse(await run("read_dags.py", folder, ...flags)));
}

/** Runs a script beside the tests in Airflow's environment; answers its last line. */
type RunScript = (script: string, ...words: string[]) => Promise<string>;

/** Mounts files as kubelet does: each a link into a folder that is itself a link, so that all change at once. */
export async function withMounted<T>(
  files: Readonly<Record<string, string>>,
  use: (folder: string, run: RunScript) => Promise<T>,
): Promise<T> {
  const home = mkdtempSync(join(tmpdir(), "trellis-airflow-"));
  const folder = join(home, "dags");
  const content = join(folder, "..2026_11_21_05_00_00.1");
  try {
    mkdirSync(content, { recursive: true });
    symlinkSync("..2026_11_21_05_00_00.1", join(folder, "..data"));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(content, name), text);
      symlinkSync(join("..data", name), join(folder, name));
    }
    return await use(folder, (script, ...words) =>
      runPython(home, folder, [join(SCRIPTS, script), ...words]),
    );
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function runPython(home: string, folder: string, words: readonly string[]): Promise<string> {
  const bin = dirname(program("airflow"));
  const { stdout } = await promisify(execFile)(join(bin, "python"), [...words], {
    maxBuffer: 64 * 1024 * 1024,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: home,
      AIRFLOW_HOME: home,
      AIRFLOW__CORE__LOAD_EXAMPLES: "False",
      AIRFLOW__CORE__DAGS_FOLDER: folder,
      AIRFLOW__LOGGING__LOGGING_LEVEL: "ERROR",
      PYTHONPATH: folder,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  return stdout.slice(stdout.lastIndexOf("\n", stdout.trimEnd().length - 1) + 1);
}
