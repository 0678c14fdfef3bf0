import * as pulumi from "@pulumi/pulumi";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import type { ResourceMonitorClient } from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import { withLocalStorage } from "@pulumi/pulumi/runtime/state.js";
import { UserError } from "../../components/shared/user-error";
import { type Artefact, ArtefactCollector } from "./artefacts";
import { Deployment, type PlannedResource } from "./deployment";
import { catchRejections } from "./rejections";
import { serve } from "./server";
import type { Properties } from "./wire";

// How the SDK itself runs several programs in one process, each with a state of its own; its types leave it out.
declare module "@pulumi/pulumi/runtime/state.js" {
  export function withLocalStorage<T>(callback: () => T): T;
}

interface EvaluationArgs {
  /** Declares the resources and returns the stack's outputs, as the entry of a Pulumi program does. */
  readonly program: () => unknown;
  readonly project: string;
  readonly stack: string;
  /** Settings by their full keys (`trellis:etcd`); structured values as JSON, as the CLI hands them over. */
  readonly config: Readonly<Record<string, string>>;
  /** The keys of those that are secret. */
  readonly secretKeys: readonly string[];
}

/** All that a program said while it ran. */
export interface Evaluation {
  readonly resources: readonly PlannedResource[];
  /** The stack's outputs. */
  readonly outputs: Properties;
  /** Where in the outputs secrets are. */
  readonly secretOutputs: readonly string[];
  readonly artefacts: readonly Artefact[];
  readonly logs: readonly LogEntry[];
}

export interface LogEntry {
  readonly severity: "info" | "warning" | "error";
  readonly message: string;
  /** The URN of the resource that it is about. */
  readonly resource?: string;
}

/** A program that ran to its end but said that something is wrong, by `pulumi.log.error`. */
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

const SEVERITIES = [undefined, "info", "warning", "error"] as const; // the first is for debugging the SDK itself

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs a program against a monitor of its own, as a preview would: everything is registered, nothing is made. Rejects
 * with the program's own error, whether it was thrown at the top or inside an `apply`.
 *
 * Evaluations take turns: rejected promises have no owner by which two could be told apart.
 */
export function evaluate(args: EvaluationArgs): Promise<Evaluation> {
  const turn = last.then(() => evaluateAlone(args));
  last = turn.catch(() => undefined);
  return turn;
}

async function evaluateAlone(args: EvaluationArgs): Promise<Evaluation> {
  const deployment = new Deployment(args);
  const logs: LogEntry[] = [];
  const server = await serve(deployment, (request) => logs.push(...entryOf(request)));
  const collector = new ArtefactCollector();
  const rejections = catchRejections();
  const restoreDebugging = withoutDebugging();
  try {
    const artefacts = await withLocalStorage(async () => {
      pulumi.runtime.resetOptions(
        args.project,
        args.stack,
        -1,
        server.address,
        server.address,
        true,
        "organization",
      );
      pulumi.runtime.setAllConfig({ ...args.config }, [...args.secretKeys]);
      try {
        // After a failure the SDK waits for ever for what depends on it: whichever comes first decides.
        return await Promise.race([rejections.first, run(args.program, collector)]);
      } finally {
        pulumi.runtime.disconnectSync();
        (pulumi.runtime.getMonitor() as ResourceMonitorClient).close(); // made by the SDK from the address above
      }
    });
    if (logs.some(({ severity }) => severity === "error")) throw new LoggedErrors(logs);
    const { outputs = {}, secretOutputs = [] } = deployment.stack ?? {};
    return { resources: deployment.resources, outputs, secretOutputs, artefacts, logs };
  } finally {
    restoreDebugging();
    server.close();
    collector.close();
    await rejections.release();
  }
}

async function run(program: () => unknown, collector: ArtefactCollector): Promise<readonly Artefact[]> {
  await pulumi.runtime.runInPulumiStack(async () => program());
  await pulumi.runtime.disconnect();
  return collector.artefacts();
}

/**
 * The SDK reports each of its own steps by a call to the engine, one after the other, and a plan has no use for them:
 * for production they took a sixth of the whole time.
 */
function withoutDebugging(): () => void {
  const log: { debug: typeof pulumi.log.debug } = pulumi.log; // a CommonJS module, through which the SDK itself logs
  const { debug } = log;
  log.debug = () => Promise.resolve();
  return () => {
    log.debug = debug;
  };
}

function entryOf(request: LogRequest): LogEntry[] {
  const severity = SEVERITIES[request.getSeverity()];
  if (!severity || request.getEphemeral()) return [];
  const resource = request.getUrn();
  return [{ severity, message: request.getMessage(), ...(resource && { resource }) }];
}
