import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accessObjects } from "../../../../../components/cluster/access/access";
import { imagePolicy } from "../../../../../components/cluster/admission/image-policy";
import { peopleGroups } from "../../../../../components/servers/certificates/people";
import { oidcGroup } from "../../../../../components/servers/k3s/authentication";
import { waitForApi } from "../../../../../components/shared/kubernetes-api/api-ready";
import { apiAccess } from "../../../../../components/shared/kubernetes-api/kubeconfig";
import { API_SERVER_PROGRAMS, K3sApiServer } from "../../../../rigs/kubernetes/k3s-api-server";
import { type OidcIssuer, startOidcIssuer } from "../../../../rigs/kubernetes/oidc-issuer";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

describeWith(API_SERVER_PROGRAMS, "a real API server under what we render for K3s", () => {
  let api: K3sApiServer;
  const ready = (limitMs: number) =>
    waitForApi(apiAccess(api.kubeconfig), { limitMs, everyMs: 500, progress: () => undefined });
  let issuer: OidcIssuer;
  beforeAll(async () => {
    issuer = await startOidcIssuer("127.0.77.2");
    api = await K3sApiServer.start({
      issuer: issuer.url,
      authority: issuer.authority,
      clientId: "trellis",
      usernameClaim: "email",
      groupsClaim: "groups",
      administrators: [],
      developers: ["builders"],
      readers: ["everybody"],
    });
    const deadline = Date.now() + 180_000;
    let problem = "";
    // It is ready when it knows the administrator, whose rights are still to come.
    while (!problem.includes("answers 403")) {
      if (Date.now() > deadline) throw new Error(`${problem}\n${api.output}`);
      problem = await ready(1_000).then(() => "answers 403", String);
    }
  }, 240_000);
  afterAll(async () => {
    await api?.stop();
    await issuer?.stop();
  });

  it("gives the administrator of our kubeconfig no rights but by the binding", async () => {
    expect(() => api.kubectl("get", "namespaces")).toThrow(/trellis-administrator" cannot list/);

    api.applyManifest("trellis-administrators.yaml");

    await ready(60_000);
    expect(api.kubectl("auth", "can-i", "*", "*", "--all-namespaces")).toBe("yes\n");
  });

  it("tells HAProxy's certificate whether it is ready, and gives it no other right", () => {
    expect(api.as("health", ["get", "--raw", "/readyz"])).toBe("ok");
    expect(() => api.as("health", ["get", "namespaces"])).toThrow(/-health" cannot list/);
    expect(() => api.as("health", ["get", "--raw", "/metrics"])).toThrow(/cannot get path|forbidden/i);
  });

  it("encrypts secrets before etcd sees them", () => {
    api.kubectl("create", "secret", "generic", "known", "--from-literal=word=hush-hush");

    const stored = api.stored("/registry/secrets/default/known");
    expect(stored).toContain("k8s:enc:secretbox:v1:secretboxkey");
    expect(stored).not.toContain("hush-hush");
  });

  it("notes who touched a secret and not what was in it", () => {
    const touched = api
      .auditLog()
      .filter(({ objectRef }) => objectRef?.resource === "secrets" && objectRef.name === "known");

    expect(touched).toMatchObject([{ level: "Metadata", verb: "create" }]);
    expect(JSON.stringify(api.auditLog())).not.toContain("hush-hush");
  });

  it("notes in full who was given which rights", () => {
    expect(
      api
        .auditLog()
        .filter(
          ({ objectRef, level }) =>
            objectRef?.resource === "clusterrolebindings" && level === "RequestResponse",
        ),
    ).toContainEqual(expect.objectContaining({ requestObject: expect.anything() }));
  });

  it("lets no pod outside of kube-system do more than the restricted profile allows", () => {
    const run = (namespace: string) =>
      api.kubectl("run", "privileged", "--image=scratch", "--namespace", namespace, "--privileged");
    api.kubectl("create", "serviceaccount", "default", "--namespace", "kube-system");
    api.kubectl("create", "serviceaccount", "default");

    expect(() => run("default")).toThrow(/violates PodSecurity "restricted:latest"/);
    expect(run("kube-system")).toContain("created");
  });

  it("signs the tokens of service accounts with the cluster's own key", () => {
    const [header = ""] = api.kubectl("create", "token", "default").split(".");

    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ alg: "ES256" });
  });

  it("notes which node read a secret, and nothing else that nodes read", () => {
    expect(() => api.as("node", ["get", "secret", "known"])).toThrow(/forbidden/);
    expect(() => api.as("node", ["get", "node", "server"])).toThrow(/not found/);

    expect(
      api
        .auditLog()
        .filter(({ verb, user }) => verb !== "create" && user?.username === "system:node:server")
        .map(({ level, verb, objectRef }) => [level, verb, objectRef?.resource, objectRef?.name]),
    ).toEqual([["Metadata", "get", "secrets", "known"]]);
  });

  describe("with the policy of images", () => {
    const digest = `@sha256:${"0".repeat(64)}`;
    const create = (container: object, more: object = {}) =>
      api.kubectlWith(
        JSON.stringify({
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name: "web", namespace: "shop" },
          spec: {
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            containers: [{ name: "web", securityContext: RESTRICTED, ...container }],
            ...more,
          },
        }),
        ...["create", "--dry-run=server", "--filename", "-"],
      );
    beforeAll(async () => {
      api.apply([
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: "shop" } },
        ...imagePolicy({
          namespaces: ["shop"],
          repository: "ghcr.io/acme/trellis",
          others: ["docker.io/pgsty/silo", "localhost:5000/own"],
        }),
      ]);
      await eventually("the policy of images is in force", 60_000, () => {
        try {
          create({ image: "evil" });
          return false;
        } catch (error) {
          return /runs only images/.test(String(error));
        }
      });
    });

    it.each([
      `ghcr.io/acme/trellis-jobs${digest}`,
      "docker.io/pgsty/silo:1",
      `docker.io/pgsty/silo:1${digest}`,
      "localhost:5000/own:2",
    ])("accepts %s", (image) => {
      expect(create({ image })).toContain("created");
    });

    it.each([
      ["of ours without a digest", "ghcr.io/acme/trellis-jobs:latest"],
      ["of another prefix in our registry", `ghcr.io/acme/other-jobs${digest}`],
      ["of another registry", `evil.example.com/ghcr.io/acme/trellis-jobs${digest}`],
      ["whose registry only looks like ours", `ghcrXio/acme/trellis-jobs${digest}`],
      ["whose name only begins like an allowed one", "docker.io/pgsty/silo-evil:1"],
    ])("refuses an image %s", (_what, image) => {
      expect(() => create({ image })).toThrow(/runs only images that the platform is made of; refused: /);
    });

    it("refuses it in an init container too", () => {
      const initContainers = [{ name: "first", image: "evil", securityContext: RESTRICTED }];
      expect(() => create({ image: "docker.io/pgsty/silo:1" }, { initContainers })).toThrow(/refused: evil/);
    });
  });

  describe("with the roles of readers and developers", () => {
    const groups = peopleGroups(1);
    const inAirflow = (...args: string[]) => [...args, "--namespace", "airflow"];
    const patch = (change: unknown) =>
      inAirflow("patch", "deployment/web", "--dry-run=server", "--patch", JSON.stringify(change));
    beforeAll(async () => {
      api.apply(
        ["airflow", "postgres"].map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })),
      );
      api.apply([
        ...accessObjects({
          readers: [groups.reader, oidcGroup("everybody")],
          developers: [groups.developer, oidcGroup("builders")],
          namespaces: ["airflow"],
        }),
        WEB,
      ]);
      // The API server enforces a new policy some time after it has stored it.
      await eventually("the policy of restarts is in force", 60_000, () => {
        try {
          api.as("developer", patch({ spec: { paused: true } }));
          return false;
        } catch {
          return true;
        }
      });
    });

    it.each(["reader", "developer"] as const)("allows a %s what its role says and nothing else", (who) => {
      const asked = RIGHTS[who].map(([verb, resource, namespace]) => ({ verb, resource, namespace }));
      const answers = api.allowed(who, asked);

      expect(
        RIGHTS[who].map(([verb, resource, namespace], at) => [verb, resource, namespace, answers[at]]),
      ).toEqual(RIGHTS[who]);
    });

    it("lets a developer restart a Deployment, and again", async () => {
      const restart = () => api.as("developer", inAirflow("rollout", "restart", "deployment/web"));
      const template = "jsonpath={.spec.template.metadata.annotations}";
      const annotations = () => api.as("developer", inAirflow("get", "deployment/web", "--output", template));

      restart();
      const first = annotations();
      expect(first).toContain("kubectl.kubernetes.io/restartedAt");
      // kubectl itself refuses a second restart within the same second.
      await eventually("the second restart", 30_000, () => {
        try {
          return restart() !== "";
        } catch {
          return false;
        }
      });
      expect(annotations()).not.toBe(first);
    });

    const pod = (change: object) => ({ spec: { template: { spec: change } } });
    const secret = { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "login", key: "password" } } };
    it.each([
      ["another image", pod({ containers: [{ name: "web", image: "evil" }] })],
      ["a secret in a variable", pod({ containers: [{ name: "web", env: [secret] }] })],
      ["a secret in a volume", pod({ volumes: [{ name: "login", secret: { secretName: "login" } }] })],
      ["another service account", pod({ serviceAccountName: "scheduler" })],
      ["other labels of its pods", { spec: { template: { metadata: { labels: { role: "database" } } } } }],
      ["other annotations of its pods", { spec: { template: { metadata: { annotations: { a: "b" } } } } }],
      ["another number of replicas", { spec: { replicas: 0 } }],
      ["a pause", { spec: { paused: true } }],
      ["labels of its own", { metadata: { labels: { a: "b" } } }],
      ["a finalizer", { metadata: { finalizers: ["example.com/never"] } }],
    ])("refuses a developer who gives a Deployment %s", (_what, change) => {
      expect(() => api.as("developer", patch(change))).toThrow(/developers may only restart a Deployment/);
    });

    it("lets an administrator change a Deployment", () => {
      expect(api.kubectl(...patch({ spec: { paused: true } }))).toContain("patched");
    });

    const ann = { aud: "trellis", email: "ann@example.com", email_verified: true };
    const whoami = (token: string) => api.withToken(token, "auth", "whoami", "--output", "json");

    it("knows the users and the groups of the issuer's tokens, with a prefix", async () => {
      const token = await issuer.token({ ...ann, groups: ["builders", "system:masters"] });
      await eventually("the API server has the issuer's keys", 60_000, () =>
        whoami(token).then(
          () => true,
          () => false,
        ),
      );

      expect(JSON.parse(await whoami(token)).status.userInfo).toMatchObject({
        username: "oidc:ann@example.com",
        groups: ["oidc:builders", "oidc:system:masters", "system:authenticated"],
      });
      expect(await api.withToken(token, ...inAirflow("get", "deployments"))).toContain("web");
      await expect(api.withToken(token, ...inAirflow("get", "secrets"))).rejects.toThrow(/cannot list/);
      await expect(api.withToken(token, ...patch({ spec: { replicas: 7 } }))).rejects.toThrow(/only restart/);
    });

    it.each([
      ["for another client", { ...ann, aud: "another" }],
      ["of another issuer", { ...ann, iss: "https://elsewhere.example.com" }],
      ["with an address that the issuer has not verified", { ...ann, email_verified: false }],
      ["of yesterday", { ...ann, exp: 1_000_000_000 }],
    ])("refuses a token %s", async (_what, claims) => {
      const token = await issuer.token({ ...claims, groups: ["builders"] });
      await expect(whoami(token)).rejects.toThrow(/Unauthorized|must be logged in/);
    });
  });
});

/** What the restricted profile demands of a container. */
const RESTRICTED = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };

/** A Deployment of a system, as a developer finds it. */
const WEB = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "airflow" },
  spec: {
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "registry.example.com/web:1" }] },
    },
  },
};

type Right = readonly [verb: string, resource: string, namespace: string, allowed: boolean];

/** What both roles are refused everywhere. */
const NEVER: readonly Right[] = ["airflow", "postgres", "kube-system"].flatMap((namespace) =>
  [
    ...[
      "get secrets",
      "list secrets",
      "watch secrets",
      "create secrets",
      "create pods/exec",
      "get pods/exec",
    ],
    ...["create pods/attach", "update pods/ephemeralcontainers", "create pods", "delete pods"],
    ...[
      "create serviceaccounts/token",
      "impersonate serviceaccounts",
      "create deployments.apps",
      "delete deployments.apps",
    ],
    ...[
      "update deployments.apps/scale",
      "patch statefulsets.apps",
      "create rolebindings.rbac.authorization.k8s.io",
    ],
    ...[
      "escalate roles.rbac.authorization.k8s.io",
      "get nodes/proxy",
      "get services/proxy",
      "get pods/proxy",
    ],
    ...["get helmcharts.helm.cattle.io", "create jobs.batch", "patch configmaps"],
  ].map((both): Right => {
    const [verb = "", resource = ""] = both.split(" ");
    return [verb, resource, namespace, false];
  }),
);

const RIGHTS: Readonly<Record<"reader" | "developer", readonly Right[]>> = {
  reader: [
    ["list", "pods", "", true],
    ["get", "pods/log", "postgres", true],
    ["watch", "statefulsets.apps", "postgres", true],
    ["list", "nodes", "", true],
    ["list", "clusterrolebindings.rbac.authorization.k8s.io", "", true],
    ["get", "middlewares.traefik.io", "airflow", true],
    ["create", "pods/portforward", "airflow", false],
    ["patch", "deployments.apps", "airflow", false],
    ...NEVER,
  ],
  developer: [
    ["list", "pods", "airflow", true],
    ["get", "pods/log", "airflow", true],
    ["create", "pods/portforward", "airflow", true],
    ["get", "pods/portforward", "airflow", true],
    ["patch", "deployments.apps", "airflow", true],
    ["list", "events", "airflow", true],
    ["list", "pods", "", false],
    ["list", "pods", "postgres", false],
    ["get", "pods/log", "postgres", false],
    ["create", "pods/portforward", "postgres", false],
    ["patch", "deployments.apps", "postgres", false],
    ["list", "nodes", "", false],
    ["list", "namespaces", "", false],
    ...NEVER,
  ],
};
