import * as pulumi from "@pulumi/pulumi";
import debuggable from "@pulumi/pulumi/runtime/debuggable.js";

// The SDK calls this function for each promise of its own; its types omit it.
declare module "@pulumi/pulumi/runtime/debuggable.js" {
  export function debuggablePromise<T>(promise: Promise<T>, context?: unknown): Promise<T>;
}

/**
 * Turns off what the SDK does to help people who debug the SDK, until the function that this returns is called:
 *
 * - it logs each of its steps with a call to the engine, one after another, which took a sixth of the time of a plan;
 * - it keeps a stack trace with each promise, which took another sixth. It still reports the promises that never end.
 * - it finds out in which line each resource is declared, which only the engine would store.
 */
export function leanSdk(): () => void {
  // Two CommonJS modules; the SDK calls their functions through these objects.
  const log: { debug: typeof pulumi.log.debug } = pulumi.log;
  const promises: { debuggablePromise: typeof debuggable.debuggablePromise } = debuggable;
  const { debug } = log;
  const { debuggablePromise } = promises;
  // Its types hide this function.
  const callsites: unknown = Reflect.get(pulumi.Resource, "callsites");
  if (typeof callsites !== "function")
    throw new Error("the SDK has no Resource.callsites any more: remove what replaces it");
  log.debug = () => Promise.resolve();
  Reflect.set(pulumi.Resource, "callsites", () => []);
  promises.debuggablePromise = (promise, context) =>
    withoutStackTraces(() => debuggablePromise(promise, context));
  return () => {
    log.debug = debug;
    Reflect.set(pulumi.Resource, "callsites", callsites);
    promises.debuggablePromise = debuggablePromise;
  };
}

function withoutStackTraces<T>(callback: () => T): T {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return callback();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
