import { retry } from "../retry";

/** How long a pod counts as new: on a quiet node, the network policies learn its address within a second or two. */
const NEW_MS = 60_000;

/**
 * Retries until the servers' network policies allow connections from this new pod. They learn its address only after it
 * has started, and refuse it until then: on K3s for a second, on busy nodes for many. Another pod would not help,
 * because it would be just as new. A refusal later, or outside of a pod, is an error at once.
 */
export function onceLetIn<T>(reach: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return retry(reach, {
    attempts: Number.POSITIVE_INFINITY,
    firstDelayMs: 100,
    longestDelayMs: 2_000,
    retryable: (error) => isNewPod() && isRefused(error),
    ...(signal && { signal }),
  });
}

const isNewPod = () => process.env.KUBERNETES_SERVICE_HOST !== undefined && process.uptime() * 1000 < NEW_MS;

/** Whether the error, or its cause, is a refused connection; then nothing was sent. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  const code = "code" in error ? error.code : undefined;
  return code === "ECONNREFUSED" || code === "EHOSTUNREACH" || isRefused(error.cause);
}
