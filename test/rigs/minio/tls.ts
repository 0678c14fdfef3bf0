import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "../child";
import { createAuthority } from "../pki/certificates";
import { freePort } from "../postgres/postgres";
import { eventually } from "../waiting";

/** One MinIO server of one drive, by TLS: for clients that take nothing less. */
export interface TlsMinio {
  readonly endpoint: string;
  readonly port: number;
  /** Who signed its certificate, in PEM. */
  readonly authority: string;
  readonly accessKey: string;
  readonly secretKey: string;
  start(): Promise<void>;
  /** What it holds is kept. */
  kill(): Promise<void>;
  remove(): Promise<void>;
}

const KEYS = { accessKey: "trellis", secretKey: "only-for-tests-on-loopback" };

const START_LIMIT_MS = 180_000;

/** Where a server listens, and the name by which its clients know it. */
interface MinioPlace {
  readonly address: string;
  readonly name: string;
}

/** Lays one down that has these buckets, and starts nothing. */
export async function layDownTlsMinio(
  buckets: readonly string[],
  { address, name }: MinioPlace = { address: "127.0.0.1", name: "localhost" },
): Promise<TlsMinio> {
  const home = mkdtempSync(join(tmpdir(), "trellis-tls-minio-"));
  const port = await freePort();
  const authority = createAuthority("object storage of a test");
  const { cert, key } = authority.issue({
    commonName: "minio",
    names: [name],
    addresses: [address],
    usages: ["server"],
  });
  const certificates = join(home, "certificates");
  mkdirSync(certificates);
  writeFileSync(join(certificates, "public.crt"), cert);
  writeFileSync(join(certificates, "private.key"), key, { mode: 0o600 });
  const drive = join(home, "drive");
  for (const bucket of buckets) mkdirSync(join(drive, bucket), { recursive: true }); // to MinIO a folder is a bucket
  let server: Child | undefined;
  return {
    ...KEYS,
    endpoint: `https://${name}:${port}`,
    port,
    authority: authority.cert,
    start: async () => {
      const started = new Child(
        "minio",
        ["server", "--quiet", "--certs-dir", certificates, "--address", `${address}:${port}`, drive],
        {
          MINIO_CI_CD: "1", // a drive on the system's own disk is allowed
          MINIO_ROOT_USER: KEYS.accessKey,
          MINIO_ROOT_PASSWORD: KEYS.secretKey,
          MINIO_BROWSER: "off",
        },
      );
      server = started;
      await eventually("MinIO answers by TLS", START_LIMIT_MS, () => {
        if (!started.running) throw new Error(`MinIO ended: ${started.output}`);
        return isReady(address, port, authority.cert);
      });
    },
    kill: async () => server?.kill(),
    remove: async () => {
      await server?.kill();
      rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function isReady(host: string, port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    request({ host, port, path: "/minio/health/cluster", ca, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once("error", () => resolve(false))
      .end();
  });
}
