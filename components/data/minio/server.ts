import type { DriveLayout } from "../../settings";
import { hostOf, MINIO } from "./names";

/** Where a server finds things; its arguments are rendered for these places. */
export const PATHS = {
  drive: (number: number) => `/data/drive-${number}`,
  certificates: "/etc/minio/certs",
} as const;

export interface ServerArgs extends Pick<DriveLayout, "pods" | "drivesPerPod"> {
  /** What the server listens on, as host:port; without a host on all addresses. @default the ports of production */
  readonly listen?: { readonly api: string; readonly console: string };
  readonly certificates?: string;
}

/** The arguments of every server: where it listens, how it shows itself, and all drives of the pool, its own among them. */
export function serverArguments({
  listen = { api: `:${MINIO.ports.api}`, console: `:${MINIO.ports.console}` },
  certificates = PATHS.certificates,
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
    volumes(layout),
  ];
}

/** MinIO's own way to write lists. A single server is told folders, since it would take an address for one of several. */
function volumes({ pods, drivesPerPod }: Pick<DriveLayout, "pods" | "drivesPerPod">): string {
  const drives = PATHS.drive(0).replace(/0$/, drivesPerPod === 1 ? "0" : `{0...${drivesPerPod - 1}}`);
  if (pods === 1) return drives;
  const host = hostOf(MINIO.headless);
  return `https://${MINIO.statefulSet}-{0...${pods - 1}}.${host}:${MINIO.ports.api}${drives}`;
}

/** What is no secret of a server's environment. */
export function serverEnvironment(
  { pods, drivesPerPod, parity }: DriveLayout,
  consoleHost: string | undefined,
): Readonly<Record<string, string>> {
  return {
    // A single drive knows no parity, and its server refuses to hear of it.
    ...(pods * drivesPerPod > 1 && { MINIO_STORAGE_CLASS_STANDARD: `EC:${parity}` }),
    ...(consoleHost && { MINIO_BROWSER_REDIRECT_URL: `https://${consoleHost}` }),
    MINIO_PROMETHEUS_AUTH_TYPE: "jwt",
    HOME: "/tmp",
  };
}
