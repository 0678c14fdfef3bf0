import { retry } from "../retry";

/** How long a pod counts as new: on a quiet node it is known everywhere within a second or two. */
const NEW_MS = 60_000;

/**
 * Reaches a server as soon as it lets this pod in. The network policies of those that a pod asks learn its address only
 * after it has begun, and refuse it until then: on K3s for a second, on busy nodes for many. To start another pod would
 * not help, since it would be as new. What is refused later, or outside of a pod, is refused at once.
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

/** Whether it, or what it was caused by, is a connection that was refused; nothing was sent then. */
function isRefused(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isRefused);
  const code = "code" in error ? error.code : undefined;
  return code === "ECONNREFUSED" || code === "EHOSTUNREACH" || isRefused(error.cause);
}
