import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type KubernetesObject, kubernetesObject } from "../../../cli/shared/kubernetes-objects";
import { DiscoveryApiServer } from "../../rigs/discovery/api-server";
import { KUBE_APISERVER_PROGRAMS } from "../../rigs/kubernetes/kube-apiserver";
import { evaluatePlatform } from "../../rigs/platform/platform";
import { rawSettings, withValue } from "../../rigs/platform/stacks";
import { describeWith } from "../../rigs/programs";

/** An address of this file's own. */
const ADDRESS = "127.66.0.1";

/** What a pod of these asks for by name, so it must exist before the pod is judged. */
const ASKED_FOR = ["Namespace", "PriorityClass", "ServiceAccount"];

/** The parts of a workload that its pods are made of; their shapes are Kubernetes', which the schemas' test has judged. */
interface Workload {
  readonly template?: { readonly metadata: object; readonly spec: { readonly volumes?: readonly object[] } };
  readonly jobTemplate?: { readonly spec: Workload };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
}

/** The pod that a workload would make; undefined for all other objects. */
function podOf({ kind, name, namespace, manifest }: KubernetesObject): object | undefined {
  const spec = manifest.spec as Workload | undefined;
  const template = spec?.jobTemplate?.spec.template ?? spec?.template;
  if (!template || !["CronJob", "DaemonSet", "Deployment", "Job", "StatefulSet"].includes(kind))
    return undefined;
  const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata.name,
    persistentVolumeClaim: { claimName: `${metadata.name}-${name}-0` },
  }));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...template.metadata, name, namespace },
    spec: { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] },
  };
}

describeWith([...KUBE_APISERVER_PROGRAMS, "etcd"], "the pods of the platform", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-pod-security-"));
  let api: DiscoveryApiServer;
  let pods: object[];

  beforeAll(async () => {
    const { resources } = await evaluatePlatform(
      withValue(rawSettings("prod"), "postgres", { pooling: true }),
      "prod",
    );
    const objects = resources.flatMap((each) => kubernetesObject(each, each.inputs) ?? []);
    pods = objects.flatMap((each) => podOf(each) ?? []);
    api = await DiscoveryApiServer.start(folder, ADDRESS);
    for (const kind of ASKED_FOR) {
      for (const { manifest } of objects.filter((each) => each.kind === kind)) api.apply(manifest);
    }
    // As Kubernetes' own controller does, which does not run here.
    for (const { name } of objects.filter((each) => each.kind === "Namespace")) {
      api.apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default", namespace: name } });
    }
  });

  afterAll(async () => {
    await api?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the API server's own admission says of a pod, without making it. */
  function admit(pod: object): string {
    const file = join(folder, "pod.json");
    writeFileSync(file, JSON.stringify(pod));
    return api.kubectl("create", "--dry-run=server", "--validate=strict", "-f", file);
  }

  it("are all admitted where the restricted profile is enforced", () => {
    expect(pods.length).toBeGreaterThanOrEqual(4);
    for (const pod of pods) expect(admit(pod)).toContain("created (server dry run)");
  });

  it("would not be admitted as root", () => {
    const [pod] = pods as [{ spec: object }]; // the test before counted them
    const asRoot = { ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 0 } } };
    expect(() => admit(asRoot)).toThrow(/violates PodSecurity "restricted/);
  });
});
