import type * as k8s from "@pulumi/kubernetes";
import { type OwnParts, restrictedContainer, secretVariable } from "../../shared/pods";
import { PATHS, POSTGRES_USER } from "../postgres";
import { type BackupPodArgs, backupPod, type Variable } from "./backup-pod";
import { BACKUP, SECRETS } from "./names";

const VOLUME = "/var/lib/postgresql/data";

/** Loopback: no network reaches the scratch server, nor does anything in production. */
const ADDRESS = "127.0.0.1";

/** Durability stays at PostgreSQL's defaults, so that a drill takes as long as a real recovery. */
export const SCRATCH_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: ADDRESS,
  max_connections: "20",
  shared_buffers: "256MB",
  maintenance_work_mem: "128MB",
  max_wal_size: "2GB",
};

/** Initialises a server with one password, then runs it in the same process. */
export const SCRATCH_SERVER = `
PATH=${PATHS.programs}:$PATH
umask 077
if ! [ -d "$SCRATCH_DATA" ]; then
  printf %s "$SCRATCH_PASSWORD" > /tmp/password
  rm -rf "$SCRATCH_DATA.draft" # left by one that was killed meanwhile
  initdb --pgdata "$SCRATCH_DATA.draft" --username postgres --pwfile /tmp/password \\
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 --data-checksums
  rm /tmp/password
  mv "$SCRATCH_DATA.draft" "$SCRATCH_DATA"
fi
exec postgres -D "$SCRATCH_DATA" "$@"
`;

/** Environment of the server that a drill restores to. */
export const scratchVariables: readonly Variable[] = [
  { name: "BACKUP_SERVER_HOST", value: ADDRESS },
  { name: "BACKUP_SERVER_USER", value: "postgres" },
  { name: "BACKUP_SERVER_SSLMODE", value: "disable" },
  secretVariable("BACKUP_SERVER_PASSWORD", BACKUP.secret, SECRETS.scratchPassword),
];

/**
 * The drill, with an empty PostgreSQL as a sidecar. The sidecar runs the members' image on an ephemeral volume; both
 * are deleted with the pod.
 */
export function drillPod(args: BackupPodArgs, own: OwnParts): k8s.types.input.core.v1.PodSpec {
  const pod = backupPod(args, own);
  const { size, storageClass } = args.scratch;
  return {
    ...pod,
    initContainers: [
      {
        name: "scratch",
        image: args.postgresImage,
        restartPolicy: "Always", // a sidecar: it is ready before the drill starts, and stops after it
        command: ["/bin/sh", "-euc", SCRATCH_SERVER, "sh"],
        args: Object.entries(SCRATCH_SETTINGS).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
        env: [
          { name: "SCRATCH_DATA", value: `${VOLUME}/scratch` },
          secretVariable("SCRATCH_PASSWORD", BACKUP.secret, SECRETS.scratchPassword),
        ],
        securityContext: { ...restrictedContainer, runAsUser: POSTGRES_USER, runAsGroup: POSTGRES_USER },
        startupProbe: {
          exec: { command: [`${PATHS.programs}/pg_isready`, `--host=${ADDRESS}`, "--quiet"] },
          periodSeconds: 2,
          failureThreshold: 90,
        },
        resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { memory: "1Gi" } },
        volumeMounts: [
          { name: "scratch-server", mountPath: VOLUME },
          { name: "sockets", mountPath: "/var/run/postgresql" },
          { name: "shared-memory", mountPath: "/dev/shm" },
          { name: "server-files", mountPath: "/tmp" },
        ],
      },
    ],
    volumes: [
      ...(pod.volumes as k8s.types.input.core.v1.Volume[]), // safe: backupPod returns a plain list
      {
        name: "scratch-server",
        ephemeral: {
          volumeClaimTemplate: {
            spec: {
              accessModes: ["ReadWriteOnce"],
              ...(storageClass && { storageClassName: storageClass }),
              resources: { requests: { storage: size } },
            },
          },
        },
      },
      { name: "sockets", emptyDir: {} },
      { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: "256Mi" } },
      { name: "server-files", emptyDir: { sizeLimit: "64Mi" } },
    ],
  };
}
