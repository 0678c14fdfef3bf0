import type * as k8s from "@pulumi/kubernetes";
import { restrictedContainer } from "../../shared/pods";
import { DATABASE, IMAGE_ASKS, type Variable } from "./configuration";
import { AIRFLOW_IMAGE } from "./names";

/** How long PostgreSQL may refuse a new pod: as jobs bear it, in `jobs/shared/kubernetes/new-pod.ts`. */
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
 * Holds a pod back until the metadata database lets it in, whose network policy learns a pod's address only after it has
 * begun: Airflow's processes end at the first connection that is refused. The image itself would ask too, each time by a start
 * of Airflow; this is a start of Python.
 */
export const waitsToBeLetIn = (env: readonly Variable[]): k8s.types.input.core.v1.Container => ({
  name: "database",
  image: AIRFLOW_IMAGE,
  args: ["python", "-c", SCRIPT, String(NEW_SECONDS)],
  securityContext: restrictedContainer,
  env: env.filter(({ name }) => name === DATABASE || name === IMAGE_ASKS),
  resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "128Mi" } },
});
