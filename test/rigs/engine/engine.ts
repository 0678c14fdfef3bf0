import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import {
  type Deployment,
  type EngineEvent,
  LocalWorkspace,
  type OutputMap,
  PulumiCommand,
  type PulumiFn,
  type StepEventMetadata,
} from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { leanSdk } from "../../../cli/pulumi-monitor";
import { program as pathOf } from "../programs";
import { madeSecrets } from "./leaks";
import { bundleStandIns } from "./stand-ins/bundle";
import { Cloud, type Held, newClouds } from "./stand-ins/cloud";
import { restore } from "./stand-ins/stand-in";
import { canonical, nameOf, type Properties, stateProperties } from "./stand-ins/wire";

/** The providers that have stand-ins here. */
const STAND_INS = ["hcloud", "kubernetes", "tls", "random", "docker-build"] as const;
export type StandInName = (typeof STAND_INS)[number];

export interface EngineOptions {
  /** The stack's name. */
  readonly stack: string;
  /** Configuration by full keys, for instance `trellis:settings`; values may be structured. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Configuration that is kept as secrets. */
  readonly secrets?: Readonly<Record<string, string>>;
}

/** A resource in an exported state, as far as it is read here; a component has no id. */
interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** What the engine did, or would do, to one resource. */
export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly name: string;
  /** The inputs that differ; of secret ones only those that force a replacement, since events do not tell secrets. */
  readonly differing: readonly string[];
}

/** One run of the engine. */
export interface Run {
  /** Every step, in the order of beginning; those of resources that stay as they are have the op `same`. */
  readonly steps: readonly Step[];
  /** Of an `up`. */
  readonly outputs: OutputMap;
  /** What the program and the providers said, a message each: `warning: ...`. */
  readonly messages: readonly string[];
}

/** A run that ended in an error; it tells what was done until then. */
export class FailedRun extends Error {
  constructor(
    readonly steps: readonly Step[],
    readonly messages: readonly string[],
    cause: unknown,
  ) {
    super(messages.filter((message) => message.startsWith("error")).join("\n") || String(cause), { cause });
  }
}

export interface Engine {
  preview(program: PulumiFn): Promise<Run>;
  up(program: PulumiFn): Promise<Run>;
  /** Reads every resource again, as `pulumi refresh` does. */
  refresh(): Promise<Run>;
  /** @param environment Variables of this run alone. */
  destroy(program: PulumiFn, environment?: Readonly<Record<string, string>>): Promise<Run>;
  /** The stack's state as `pulumi stack export` writes it: secrets stay encrypted with the passphrase of the tests. */
  exportState(): Promise<string>;
  /** Takes over an exported state; the stand-ins then hold the resources that it lists. */
  importState(state: string): Promise<void>;
  /** Changes configuration, from the next run on. */
  configure(config: EngineOptions["config"]): void;
  /** What a stand-in has made. */
  cloud(provider: StandInName): Cloud;
  /** The secrets of which all others are made: private keys, passwords, and those of the configuration. */
  secrets(): string[];
  /** All that the engine wrote, of now and of earlier: states, their backups, the history. */
  written(): string;
  close(): void;
}

/** The recorded states of releases are encrypted with it: another passphrase makes them unreadable. */
const PASSPHRASE = "the passphrase of a stack that lives for one test";
const projectDirectory = fileURLToPath(new URL("../../..", import.meta.url));

/** The real Pulumi engine with a file backend and a home of its own, and stand-ins for all providers. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const root = mkdtempSync(join(tmpdir(), "trellis-engine-"));
  const [work, home, backend, bin] = ["work", "home", "backend", "bin"].map((name) => {
    mkdirSync(join(root, name));
    return join(root, name);
  }) as [string, string, string, string]; // four names, four paths
  const clouds = newClouds(join(root, "clouds"));

  const { name: projectName } = parse(readFileSync(join(projectDirectory, "Pulumi.yaml"), "utf8"));
  // Not the project's own file: its `main` names a program to start, and ours is in this process.
  writeFileSync(join(work, "Pulumi.yaml"), stringify({ name: projectName, runtime: "nodejs" }));
  const stackFile = join(work, `Pulumi.${options.stack}.yaml`);
  writeFileSync(stackFile, stringify({ config: options.config }));
  const serving = await bundleStandIns(join(root, "stand-ins"));
  for (const name of STAND_INS) writeProvider(bin, name, serving, clouds);

  const pulumi = pathOf("pulumi");
  const pulumiCommand = await PulumiCommand.get({ root: resolve(dirname(pulumi), "..") });
  const environment = {
    PATH: [bin, dirname(pulumi), process.env.PATH].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(backend).href,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "1",
    PULUMI_SKIP_UPDATE_CHECK: "1",
    PULUMI_SKIP_CHECKPOINTS: "true", // or the whole state is written at every step, for an engine that nobody kills here
  };
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: options.stack, projectName, program: async () => {} },
    {
      workDir: work,
      pulumiHome: home,
      envVars: environment,
      secretsProvider: "passphrase",
      pulumiCommand,
    },
  );
  for (const [key, value] of Object.entries(options.secrets ?? {})) {
    await stack.setConfig(key, { value, secret: true });
  }
  const restoreSdk = leanSdk();

  const run = async (
    program: PulumiFn,
    operation: (
      onEvent: (event: EngineEvent) => void,
    ) => Promise<{ readonly stdout: string; readonly outputs?: OutputMap }>,
    {
      refreshes = false,
      environment: further = {},
    }: { refreshes?: boolean; environment?: Readonly<Record<string, string>> } = {},
  ): Promise<Run> => {
    const steps: Step[] = [];
    const messages: string[] = [];
    stack.workspace.program = program;
    stack.workspace.envVars = { ...environment, ...further };
    const onEvent = (event: EngineEvent) => {
      // What a refresh found is known at its end.
      const { metadata } = (refreshes ? event.resOutputsEvent : event.resourcePreEvent) ?? {};
      if (metadata) steps.push(stepOf(metadata));
      const said = event.diagnosticEvent;
      if (said && !said.ephemeral) messages.push(`${said.severity}: ${bare(said.message)}`);
    };
    try {
      const { outputs = {} } = await operation(onEvent);
      return { steps, messages, outputs };
    } catch (error) {
      throw new FailedRun(steps, messages, error);
    }
  };

  return {
    preview: (program) => run(program, (onEvent) => stack.preview({ onEvent, diff: true })),
    up: (program) => run(program, (onEvent) => stack.up({ onEvent, showSecrets: false })),
    refresh: () =>
      run(
        async () => {},
        (onEvent) => stack.refresh({ onEvent, showSecrets: false }),
        { refreshes: true },
      ),
    destroy: (program, environment = {}) =>
      run(program, (onEvent) => stack.destroy({ onEvent, showSecrets: false }), { environment }),
    async exportState() {
      // Not by the Automation API, which exports secrets in clear text.
      const { stdout } = await promisify(execFile)(pulumi, ["stack", "export", "--stack", options.stack], {
        cwd: work,
        env: { ...process.env, ...environment, PULUMI_HOME: home },
        maxBuffer: 2 ** 28,
      });
      return stdout;
    },
    async importState(state) {
      await stack.importStack(JSON.parse(state));
      for (const resource of resourcesOf(await stack.exportStack())) {
        const provider = STAND_INS.find((name) => resource.type.startsWith(`${name}:`));
        if (provider) restore(new Cloud(clouds, provider), resource);
      }
    },
    configure(config) {
      const file = parse(readFileSync(stackFile, "utf8"));
      writeFileSync(stackFile, stringify({ ...file, config: { ...file.config, ...config } }));
    },
    cloud: (provider) => new Cloud(clouds, provider),
    secrets: () => [
      ...madeSecrets(new Cloud(clouds, "random"), new Cloud(clouds, "tls")),
      ...Object.values(options.secrets ?? {}),
    ],
    written: () => textOfAll(backend),
    close() {
      restoreSdk();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** The steps that change something, without the stack itself and the providers that the engine makes by default. */
export function changes(run: Run): Step[] {
  const own = ({ type, name }: Step) =>
    type === "pulumi:pulumi:Stack" || (type.startsWith("pulumi:providers:") && name.startsWith("default"));
  return run.steps.filter((step) => !["same", "read", "refresh"].includes(step.op) && !own(step));
}

/** The resources of a state whose secrets are in clear text. */
function resourcesOf({ deployment }: Deployment): Held[] {
  const resources: readonly StateResource[] = deployment.resources;
  return resources.map(({ urn, type, id = "", inputs = {}, outputs = {} }) => ({
    ...{ id, type, name: nameOf(urn) },
    ...{ inputs: stateProperties(inputs), outputs: stateProperties(outputs) },
  }));
}

function writeProvider(directory: string, name: StandInName, serving: string, clouds: string): void {
  const { version } = createRequire(import.meta.url)(`@pulumi/${name}/package.json`);
  const words = [process.execPath, serving, name, version, clouds].map((word) => `'${word}'`);
  const executable = join(directory, `pulumi-resource-${name}`);
  writeFileSync(executable, `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`);
  chmodSync(executable, 0o755);
}

function stepOf({ op, urn, type, old, new: next, keys = [] }: StepEventMetadata): Step {
  const inputs = { ...old?.inputs, ...next?.inputs };
  const differ = (key: string) => canonical(old?.inputs?.[key]) !== canonical(next?.inputs?.[key]);
  const differing = old && next ? Object.keys(inputs).filter(differ) : [];
  return { op, urn, type, name: nameOf(urn), differing: [...new Set([...differing, ...keys])].sort() };
}

/** Without the marks by which the CLI colours. */
function bare(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "").trim();
}

function textOfAll(directory: string): string {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"))
    .join("\n");
}
