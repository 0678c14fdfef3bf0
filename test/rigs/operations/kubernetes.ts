import { readFileSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { historyRule, READ_RULES, READY_RULE } from "../../../components/systems/operations/role";
import type { KubernetesAccess } from "../../../jobs/shared";
import type { DiscoveryApiServer } from "../discovery/api-server";
import { eventually } from "../waiting";

const RBAC = "rbac.authorization.k8s.io";
/** The ConfigMap of the history. */
export const HISTORY = "operations-history";
const ACCOUNT = { name: "operations", namespace: "operations" };

/** Writes objects to a real API server as its administrator: no controller runs, so a status is what it is set to. */
export class ClusterWriter {
  readonly #server: DiscoveryApiServer;
  readonly #agent: Agent;

  constructor(server: DiscoveryApiServer) {
    this.#server = server;
    const read = (name: string) => readFileSync(server.path(name), "utf8");
    this.#agent = new Agent({
      keepAlive: true,
      ca: read("ca.crt"),
      cert: read("admin.crt"),
      key: read("admin.key"),
    });
  }

  /** Creates an object in a collection, with its status. That of a custom resource, which names its kind, is part of it. */
  async create(collection: string, object: Manifest): Promise<void> {
    await this.#send("POST", collection, object);
    if (object.status && !object.kind)
      await this.status(`${collection}/${object.metadata.name}`, object.status);
  }

  async status(path: string, status: object): Promise<void> {
    await this.#send("PATCH", `${path}/status`, { status });
  }

  async patch(path: string, change: object): Promise<void> {
    await this.#send("PATCH", path, change);
  }

  async remove(path: string): Promise<void> {
    await this.#send("DELETE", path, { gracePeriodSeconds: 0, propagationPolicy: "Background" });
  }

  /** The service account of the checks with the role that the program declares, and nothing else. */
  async access(): Promise<KubernetesAccess> {
    const { name, namespace } = ACCOUNT;
    await this.create(`/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: ACCOUNT });
    const rules = [...READ_RULES, READY_RULE];
    await this.create(`/apis/${RBAC}/v1/clusterroles`, { metadata: { name }, rules });
    await this.create(`/apis/${RBAC}/v1/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", ...ACCOUNT }],
    });
    const inside = (kind: string) => `/apis/${RBAC}/v1/namespaces/${namespace}/${kind}`;
    await this.create(`/api/v1/namespaces/${namespace}/configmaps`, {
      metadata: { name: HISTORY },
      data: {},
    });
    await this.create(inside("roles"), { metadata: { name }, rules: [historyRule(HISTORY)] });
    await this.create(inside("rolebindings"), {
      metadata: { name },
      roleRef: { apiGroup: RBAC, kind: "Role", name },
      subjects: [{ kind: "ServiceAccount", ...ACCOUNT }],
    });
    const access = this.#server.access();
    writeFileSync(
      `${access.serviceAccount}/token`,
      this.#server.kubectl("-n", namespace, "create", "token", name),
    );
    return { server: access.server, serviceAccount: access.serviceAccount };
  }

  /** cert-manager's kind, without cert-manager. */
  async certificateKind(): Promise<void> {
    const names = {
      kind: "Certificate",
      listKind: "CertificateList",
      plural: "certificates",
      singular: "certificate",
    };
    const schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    await this.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "certificates.cert-manager.io" },
      spec: {
        group: "cert-manager.io",
        scope: "Namespaced",
        names,
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    });
    await eventually("the kind Certificate is served", 30_000, async () => {
      await this.#send("GET", "/apis/cert-manager.io/v1/certificates");
      return true;
    });
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, content?: object): Promise<void> {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const body = content ? JSON.stringify(content) : "";
    return new Promise((resolve, reject) => {
      const call = request(
        `https://${this.#server.address}:6443${path}`,
        {
          method,
          agent: this.#agent,
          headers: { "content-type": contentType, "content-length": Buffer.byteLength(body) },
        },
        async (response) => {
          let answer = "";
          for await (const chunk of response) answer += String(chunk);
          const { statusCode = 0 } = response;
          if (statusCode < 300) resolve();
          else reject(new Error(`${method} ${path}: ${statusCode} ${answer.slice(0, 500)}`));
        },
      );
      call.once("error", reject);
      call.end(body);
    });
  }
}

export interface Manifest {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [more: string]: unknown };
  readonly status?: object;
  readonly [more: string]: unknown;
}
