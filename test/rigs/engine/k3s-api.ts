import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { renderKubeconfig } from "../../../components/shared/kubernetes-api/kubeconfig";
import { Child } from "../child";
import { k3sApiArguments } from "../kubernetes/k3s-api-arguments";
import { filesIn } from "../machine/user-data";
import { authorityOf, type KeyPair } from "../pki/certificates";
import { program } from "../programs";
import { eventually } from "../waiting";
import type { Engine } from "./engine";
import { K3S_DEFINITIONS } from "./k3s-definitions";
import { plain } from "./stand-ins/wire";

export const K3S_API_PROGRAMS = ["etcd", "kube-apiserver", "kubectl", "openssl", "tar"];

const SERVER = "hcloud:index/server:Server";
const STATE = "var/lib/rancher/k3s/server";
const PATIENCE_MS = 300_000;
const LOOK_EVERY_MS = 100;

export interface K3sApi {
  kubectl(...words: string[]): string;
  stop(): Promise<void>;
}

/**
 * The API of K3s: as soon as the program has made a server, a real kube-apiserver under what that server's user data says,
 * at the address that clients are told, with the definitions and manifests that K3s lays in. No controllers run, and no
 * nodes. It is stood in for K3s, and not for Kubernetes.
 */
export function k3sApi(engine: Engine): K3sApi {
  const folder = mkdtempSync(join(tmpdir(), "trellis-k3s-api-"));
  const parts: Child[] = [];
  let failure: Error | undefined;
  const look = setInterval(() => {
    const found = userDataAndAddress(engine);
    if (!found) return;
    clearInterval(look);
    start(folder, found, parts).catch((error: Error) => {
      failure = error;
    });
  }, LOOK_EVERY_MS);

  return {
    kubectl: (...words) => {
      if (failure) throw failure;
      return kubectl(folder, words);
    },
    async stop() {
      clearInterval(look);
      for (const part of parts.reverse()) await part.kill();
      rmSync(folder, { recursive: true, force: true });
      if (failure) throw failure;
    },
  };
}

interface Found {
  readonly userData: string;
  readonly address: string;
}

/** The address that clients are told is the floating IP where there is one, and the server's own where there is none. */
function userDataAndAddress(engine: Engine): Found | undefined {
  const cloud = engine.cloud("hcloud");
  const [server] = cloud.all(SERVER);
  const [floating] = cloud.all("hcloud:index/floatingIp:FloatingIp");
  if (!server) return undefined;
  const address = floating?.outputs.ipAddress ?? server.outputs.ipv4Address;
  return { userData: String(plain(server.inputs.userData)), address: String(plain(address)) };
}

async function start(folder: string, { userData, address }: Found, parts: Child[]): Promise<void> {
  for (const [path, content] of filesIn(userData)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode: 0o600 });
  }
  const path = (name: string) => join(folder, name);
  const lay = (name: string, content: string) => {
    writeFileSync(path(name), content, { mode: 0o600 });
    return path(name);
  };
  const pair = (name: string): KeyPair => ({
    cert: readFileSync(path(`${STATE}/tls/${name}.crt`), "utf8"),
    key: readFileSync(path(`${STATE}/tls/${name}.key`), "utf8"),
  });
  const serving = authorityOf(pair("server-ca")).issue({
    commonName: "kube-apiserver",
    addresses: [address, "127.0.0.1"],
    usages: ["server"],
  });
  const masters = authorityOf(pair("client-ca")).issue({
    commonName: "k3s",
    organization: "system:masters",
    usages: ["client"],
  });
  lay(
    "kubeconfig",
    renderKubeconfig({
      ...{ cluster: "k3s", server: `https://${address}:6443` },
      ...{ authority: pair("server-ca").cert, client: masters },
    }),
  );
  mkdirSync(path(`${STATE}/logs`), { recursive: true });

  parts.push(
    new Child("etcd", [
      ...["--name=k3s", `--data-dir=${path("etcd")}`, "--unsafe-no-fsync", "--log-level=error"],
      ...["listen", "advertise"].map((verb) => `--${verb}-client-urls=http://${address}:2379`),
      ...["listen-peer", "initial-advertise-peer"].map((verb) => `--${verb}-urls=http://${address}:2380`),
      `--initial-cluster=k3s=http://${address}:2380`,
    ]),
  );
  const api = new Child(
    "kube-apiserver",
    k3sApiArguments({
      ...{ root: folder, address, port: 6443, etcd: `http://${address}:2379` },
      serving: { cert: lay("serving.crt", serving.cert), key: lay("serving.key", serving.key) },
    }),
  );
  parts.push(api);
  await eventually("the API of K3s is ready", PATIENCE_MS, () => {
    if (!api.running) throw new Error(api.output);
    return kubectl(folder, ["get", "--raw", "/readyz"]) === "ok";
  });
  kubectl(
    folder,
    ["apply", "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "List", items: K3S_DEFINITIONS }),
  );
  kubectl(folder, ["wait", "--for=condition=Established", "--timeout=120s", "crd", "--all"]);
  const manifests = path(`${STATE}/manifests`);
  if (existsSync(manifests) && readdirSync(manifests).length > 0) {
    kubectl(folder, ["apply", "--validate=strict", "-f", manifests]);
  }
}

function kubectl(folder: string, words: readonly string[], input = ""): string {
  const line = ["--kubeconfig", join(folder, "kubeconfig"), ...words];
  return execFileSync(program("kubectl"), line, {
    encoding: "utf8",
    stdio: "pipe",
    input,
    maxBuffer: 2 ** 26,
  });
}
