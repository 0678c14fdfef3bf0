/** Aborts the work on SIGTERM and SIGINT, and ends the process at once when its supervisor has died. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    process.on(name, () => controller.abort(new StoppedError(name)));
  }
  process.on("disconnect", () => process.exit(1));
  return controller.signal;
}

/** The work was stopped from outside; this is not a fault. */
export class StoppedError extends Error {
  override readonly name = "StoppedError";
  constructor(readonly signal: "SIGTERM" | "SIGINT") {
    super(`stopped by ${signal}; what was begun is rolled back or will be continued by the next run`);
  }
}
