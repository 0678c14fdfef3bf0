import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KubernetesObject, kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { DataSurface } from "../../../components/systems/datasurface";
import type { KubernetesAccess } from "../../../jobs/shared";
import { DiscoveryApiServer } from "../discovery/api-server";
import { evaluateStack } from "../evaluate";
import { eventually } from "../waiting";
import { DATASURFACE_ARGS } from "./in-cluster";

/** What a platform's daily work has to do with Kubernetes. */
const KINDS = ["ServiceAccount", "Role", "RoleBinding", "ConfigMap"];

/** The rendered objects of DataSurface in a real API server, and the access that a pod of its daily work has there. */
export class StreamListRig {
  readonly #folder: string;
  readonly #api: DiscoveryApiServer;

  private constructor(folder: string, api: DiscoveryApiServer) {
    this.#folder = folder;
    this.#api = api;
  }

  static async start(address: string): Promise<StreamListRig> {
    const folder = mkdtempSync(join(tmpdir(), "trellis-stream-list-"));
    const api = await DiscoveryApiServer.start(folder, address);
    const rig = new StreamListRig(folder, api);
    for (const name of ["airflow", "datasurface"]) {
      api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    }
    for (const { manifest } of await rendered()) api.apply(manifest);
    return rig;
  }

  /** As the pod of an account is given it. */
  access(account: string): KubernetesAccess {
    const { server } = this.#api.access();
    const serviceAccount = join(this.#folder, account);
    mkdirSync(serviceAccount, { recursive: true });
    const token = this.#api.kubectl("-n", "datasurface", "create", "token", account);
    writeFileSync(join(serviceAccount, "token"), token, { mode: 0o600 });
    execFileSync("cp", [this.#api.path("account/ca.crt"), join(serviceAccount, "ca.crt")]);
    return { server, serviceAccount };
  }

  list(platform: string): { readonly text: string; readonly version: string } {
    const { data, metadata } = JSON.parse(
      this.#api.kubectl("-n", "airflow", "get", "configmap", `${platform}-streams`, "-o", "json"),
    );
    return { text: data[`${platform}.streams.json`], version: metadata.resourceVersion };
  }

  /** Lets the role of a platform's daily work have these verbs alone; resolves when the API server goes by it. */
  async allow(platform: string, verbs: readonly string[]): Promise<void> {
    const [rule] = JSON.parse(
      this.#api.kubectl("-n", "airflow", "get", "role", `${platform}-streams`, "-o", "json"),
    ).rules;
    const patch = JSON.stringify({ rules: [{ ...rule, verbs }] });
    const role = ["-n", "airflow", "patch", "role", `${platform}-streams`];
    this.#api.kubectl(...role, "--type", "merge", "-p", patch);
    for (const verb of ["get", "patch"]) {
      await eventually(
        `${verb} to be as the role says`,
        60_000,
        () => this.#may(platform, verb) === verbs.includes(verb),
      );
    }
  }

  #may(platform: string, verb: string): boolean {
    const account = `system:serviceaccount:datasurface:${platform}-infrastructure`;
    const question = ["auth", "can-i", verb, `configmap/${platform}-streams`, "--as", account];
    try {
      this.#api.kubectl("-n", "airflow", ...question);
      return true;
    } catch {
      return false; // it answers "no" by its exit code
    }
  }

  remove(platform: string): void {
    this.#api.kubectl("-n", "airflow", "delete", "configmap", `${platform}-streams`);
  }

  async stop(): Promise<void> {
    await this.#api.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function rendered(): Promise<KubernetesObject[]> {
  const { resources } = await evaluateStack({
    program: () => void new DataSurface("datasurface", DATASURFACE_ARGS),
  });
  return resources
    .flatMap((each) => kubernetesObject(each, each.inputs) ?? [])
    .filter(({ kind }) => KINDS.includes(kind));
}
