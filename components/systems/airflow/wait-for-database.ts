import type * as k8s from "@pulumi/kubernetes";
import { restrictedContainer } from "../../shared/pods";
import { DATABASE, IMAGE_ASKS, type Variable } from "./configuration";
import { AIRFLOW_IMAGE } from "./names";

/**
 * How long PostgreSQL may refuse connections of a new pod. Jobs have the same limit:
 * `jobs/shared/kubernetes/new-pod.ts`.
 */
const NEW_SECONDS = 60;

const SCRIPT = `
import os, socket, sys, time
from urllib.parse import urlsplit

server = urlsplit(os.environ["${DATABASE}"])
address = (server.hostname, server.port or 5432)
until = time.monotonic() + float(sys.argv[1])
while True:
    try:
        socket.create_connection(address, timeout=5).close()
        break
    except OSError as error:
        if time.monotonic() > until:
            sys.exit(f"PostgreSQL at {server.hostname} cannot be reached: {error}")
        time.sleep(0.2)
`.trim();

/**
 * An init container that waits until the metadata database accepts connections from this pod. The network policy learns
 * a pod's address only after the pod starts, and Airflow's processes exit at the first refused connection. The image's
 * entrypoint could wait too, but it starts Airflow for every attempt; this script starts only Python.
 */
export const waitsToBeLetIn = (env: readonly Variable[]): k8s.types.input.core.v1.Container => ({
  name: "database",
  image: AIRFLOW_IMAGE,
  args: ["python", "-c", SCRIPT, String(NEW_SECONDS)],
  securityContext: restrictedContainer,
  env: env.filter(({ name }) => name === DATABASE || name === IMAGE_ASKS),
  resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
});
