import * as pulumi from "@pulumi/pulumi";
import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import type { ResourceMonitorClient } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import { getStore, withLocalStorage } from "@pulumi/pulumi/runtime/state.js";
import { UserError } from "../../components/shared/user-error";
import { type Artefact, ArtefactCollector } from "./artefacts";
import { Deployment, type PlannedResource } from "./deployment";
import { leanSdk } from "./lean-sdk";
import { catchRejections, stragglers } from "./rejections";
import { serve } from "./server";
import type { Properties } from "./wire";

// The SDK uses these to run several programs in one process with separate state; its types omit them.
declare module "@pulumi/pulumi/runtime/state.js" {
  export function withLocalStorage<T>(callback: () => T): T;
  export function getStore(): { settings: { monitor?: ResourceMonitorClient; engine?: EngineClient } };
}

interface EvaluationArgs {
  /** Declares the resources and returns the stack's outputs, like the entry of a Pulumi program. */
  readonly program: () => unknown;
  readonly project: string;
  readonly stack: string;
  /** Settings by full key (`trellis:etcd`). Structured values are JSON, as the CLI passes them. */
  readonly config: Readonly<Record<string, string>>;
  /** The keys of the secret settings. */
  readonly secretKeys: readonly string[];
}

/** The result of a program: its resources, outputs, artefacts and logs. */
export interface Evaluation {
  readonly resources: readonly PlannedResource[];
  readonly outputs: Properties;
  /** Property paths of the secrets in the outputs. */
  readonly secretOutputs: readonly string[];
  readonly artefacts: readonly Artefact[];
  readonly logs: readonly LogEntry[];
}

export interface LogEntry {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  /** The URN of the resource that the message is about. @default none */
  readonly resource?: string;
}

/** A program that finished but logged an error with `pulumi.log.error`. */
class LoggedErrors extends UserError {
  constructor(readonly logs: readonly LogEntry[]) {
    super(
      logs
        .filter(({ severity }) => severity === "error")
        .map(({ message }) => message)
        .join("\n"),
    );
  }
}

const SEVERITIES = [undefined, "info", "warning", "error"] as const; // the first is debug output of the SDK

/** In place of an address. The SDK connects to none, since it has its clients already. */
const IN_PROCESS = "in-process";

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a program against its own monitor, like a preview: it registers resources and creates none. Rejects with the
 * program's error, whether the program threw it at the top level or inside an `apply`. Only one evaluation runs at a
 * time, because an unhandled rejection cannot be assigned to one of two programs.
 */
export function evaluate(args: EvaluationArgs): Promise<Evaluation> {
  const turn = last.then(() => evaluateAlone(args));
  last = turn.catch(() => undefined);
  return turn;
}

async function evaluateAlone(args: EvaluationArgs): Promise<Evaluation> {
  const deployment = new Deployment(args);
  const logs: LogEntry[] = [];
  const server = serve(deployment, (request) => logs.push(...entryOf(request)));
  const collector = new ArtefactCollector();
  const rejections = catchRejections();
  const restoreSdk = leanSdk();
  try {
    const artefacts = await withLocalStorage(async () => {
      pulumi.runtime.resetOptions(args.project, args.stack, -1, IN_PROCESS, IN_PROCESS, true, "organization");
      Object.assign(getStore().settings, { monitor: server.monitor, engine: server.engine });
      pulumi.runtime.setAllConfig({ ...args.config }, [...args.secretKeys]);
      try {
        // After a failure, the SDK waits forever for dependent outputs. The first of the two decides.
        return await Promise.race([rejections.first, run(args.program, collector)]);
      } finally {
        pulumi.runtime.disconnectSync();
      }
    });
    if (logs.some(({ severity }) => severity === "error")) throw new LoggedErrors(logs);
    const { outputs = {}, secretOutputs = [] } = deployment.stack ?? {};
    return { resources: deployment.resources, outputs, secretOutputs, artefacts, logs };
  } finally {
    restoreSdk();
    server.close();
    collector.close();
    await rejections.release();
  }
}

async function run(program: () => unknown, collector: ArtefactCollector): Promise<readonly Artefact[]> {
  await pulumi.runtime.runInPulumiStack(async () => program());
  await pulumi.runtime.disconnect();
  await stragglers(); // a failure of the last resource
  return collector.artefacts();
}

function entryOf(request: LogRequest): LogEntry[] {
  const severity = SEVERITIES[request.getSeverity()];
  if (!severity || request.getEphemeral()) return [];
  const resource = request.getUrn();
  return [{ severity, message: request.getMessage(), ...(resource && { resource }) }];
}
