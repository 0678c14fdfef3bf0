import { afterAll, beforeAll, expect, it } from "vitest";
import { waitForApi } from "../../../../../components/shared/kubernetes-api/api-ready";
import { apiAccess } from "../../../../../components/shared/kubernetes-api/kubeconfig";
import { API_SERVER_PROGRAMS, K3sApiServer } from "../../../../rigs/kubernetes/k3s-api-server";
import { describeWith } from "../../../../rigs/programs";

describeWith(API_SERVER_PROGRAMS, "a real API server under what we render for K3s", () => {
  let api: K3sApiServer;
  const ready = (limitMs: number) =>
    waitForApi(apiAccess(api.kubeconfig), { limitMs, everyMs: 500, progress: () => undefined });
  beforeAll(async () => {
    api = await K3sApiServer.start();
    const deadline = Date.now() + 180_000;
    let problem = "";
    // It is ready when it knows the administrator, whose rights are still to come.
    while (!problem.includes("answers 403")) {
      if (Date.now() > deadline) throw new Error(`${problem}\n${api.output}`);
      problem = await ready(1_000).then(() => "answers 403", String);
    }
  }, 240_000);
  afterAll(() => api?.stop());

  it("gives the administrator of our kubeconfig no rights but by the binding", async () => {
    expect(() => api.kubectl("get", "namespaces")).toThrow(/trellis-administrator" cannot list/);

    api.applyManifest("trellis-administrators.yaml");

    await ready(60_000);
    expect(api.kubectl("auth", "can-i", "*", "*", "--all-namespaces")).toBe("yes\n");
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
});
