import type { DriveLayout } from "../../settings";
import { hostOf } from "../../shared/pods";
import { MINIO } from "./names";

/** Paths in a server's container; its arguments refer to them. */
export const PATHS = {
  drive: (number: number) => `/data/drive-${number}`,
  certificates: "/etc/minio/certs",
} as const;

export interface ServerArgs extends Pick<DriveLayout, "pods" | "drivesPerPod"> {
  /** Namespace of the servers, which their host names contain. */
  readonly namespace: string;
  /** Listen addresses, as host:port; without a host, all addresses. @default the ports of production */
  readonly listen?: { readonly api: string; readonly console: string };
  /** Folder with the certificates. @default the mount path in the container */
  readonly certificates?: string;
}

/**
 * Command line of every server: its listen addresses, its certificates, and all drives of the pool, its own included.
 */
export function serverArguments({
  listen = { api: `:${MINIO.ports.api}`, console: `:${MINIO.ports.console}` },
  certificates = PATHS.certificates,
  namespace,
  ...layout
}: ServerArgs): string[] {
  return [
    "server",
    "--address",
    listen.api,
    "--console-address",
    listen.console,
    "--certs-dir",
    certificates,
    volumes(layout, namespace),
  ];
}

/**
 * The drives, in MinIO's own list syntax. A single server gets folders, because MinIO would take an address for one of
 * several servers.
 */
function volumes(
  { pods, drivesPerPod }: Pick<DriveLayout, "pods" | "drivesPerPod">,
  namespace: string,
): string {
  const drives = PATHS.drive(0).replace(/0$/, drivesPerPod === 1 ? "0" : `{0...${drivesPerPod - 1}}`);
  if (pods === 1) return drives;
  const host = hostOf(MINIO.headless, namespace);
  return `https://${MINIO.statefulSet}-{0...${pods - 1}}.${host}:${MINIO.ports.api}${drives}`;
}

/** What browsers reach, as in the arguments of the servers' pods. */
interface BrowserAccess {
  readonly consoleHost?: string | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

/** No page has this origin (RFC 6761). MinIO takes an empty list for every origin. */
const NO_ORIGIN = "https://none.invalid";

/** The part of a server's environment that is not secret. */
export function serverEnvironment(
  { pods, drivesPerPod, parity }: DriveLayout,
  { consoleHost, corsOrigins = [] }: BrowserAccess,
): Readonly<Record<string, string>> {
  return {
    // A single drive has no parity, and its server refuses the setting.
    ...(pods * drivesPerPod > 1 && { MINIO_STORAGE_CLASS_STANDARD: `EC:${parity}` }),
    ...(consoleHost && { MINIO_BROWSER_REDIRECT_URL: `https://${consoleHost}` }),
    MINIO_API_CORS_ALLOW_ORIGIN: (corsOrigins.length > 0 ? corsOrigins : [NO_ORIGIN]).join(","),
    MINIO_PROMETHEUS_AUTH_TYPE: "jwt",
    HOME: "/tmp",
  };
}
