import { afterAll, beforeAll, expect, it } from "vitest";
import { findPlatform, type Model } from "../../../../jobs/datasurface/model";
import { ingestionJobs, publishStreams, streamsFile } from "../../../../jobs/datasurface/stream-list";
import { createLogger, type KubernetesAccess } from "../../../../jobs/shared";
import { ACCEPTANCE, modelWithStores } from "../../../rigs/airflow/model";
import { StreamListRig } from "../../../rigs/datasurface/stream-list-rig";
import { KUBE_APISERVER_PROGRAMS } from "../../../rigs/kubernetes/kube-apiserver";
import { describeWith } from "../../../rigs/programs";

/** An address of this file's own. */
const ADDRESS = "127.66.0.7";

const WRITER = "yellowlive-infrastructure";

describeWith([...KUBE_APISERVER_PROGRAMS, "etcd"], "the list of streams, written by who may", () => {
  let rig: StreamListRig;
  let access: KubernetesAccess;
  beforeAll(async () => {
    rig = await StreamListRig.start(ADDRESS);
    access = rig.access(WRITER);
  });
  afterAll(() => rig?.stop());

  const publish = (model: Model, as = access, platform = "YellowLive") =>
    publishStreams(
      model,
      findPlatform(model, platform),
      { namespace: "airflow", name: `${platform.toLowerCase()}-streams` },
      as,
      { log: createLogger({}, { LOG_LEVEL: "silent" }), signal: AbortSignal.timeout(60_000) },
    );
  const wanted = (model: Model) => streamsFile(ingestionJobs(model, findPlatform(model, "YellowLive")));

  it("is at first what the deployment knows, and left alone where nothing is new", async () => {
    const before = rig.list("yellowlive");
    expect(before.text).toBe(wanted(ACCEPTANCE.model));
    await publish(ACCEPTANCE.model);
    expect(rig.list("yellowlive")).toEqual(before);
  });

  it("follows the model: streams come, a thousand of them, and go", async () => {
    for (const stores of [2, 1000, 0]) {
      const model = stores === 0 ? { ...ACCEPTANCE.model, assignments: [] } : modelWithStores(stores);
      await publish(model);
      expect(rig.list("yellowlive").text).toBe(wanted(model));
    }
  });

  it("comes to the same end when two write it at once", async () => {
    const models = [modelWithStores(3), modelWithStores(4)] as const;
    await Promise.all([...models, ...models].map((model) => publish(model)));
    expect(models.map(wanted)).toContain(rig.list("yellowlive").text);
  });

  it("is refused, with what is wrong and what to do, when it would not fit into a ConfigMap", async () => {
    const before = rig.list("yellowlive");
    await expect(publish(modelWithStores(3000))).rejects.toThrow(
      /YellowLive's 3000 streams takes \d+ bytes, and a ConfigMap holds 1048576/,
    );
    expect(rig.list("yellowlive")).toEqual(before);
  });

  it.each([
    ["get", ["patch"], 5],
    ["patch", ["get"], 6],
  ])("is refused to an account that may not %s, by name", async (missing, verbs, stores) => {
    const model = modelWithStores(stores);
    await rig.allow("yellowlive", verbs);
    await expect(publish(model)).rejects.toThrow(
      new RegExp(
        `airflow/yellowlive-streams cannot be written: Kubernetes refuses to ${missing} it: 403 .*${WRITER}`,
      ),
    );
    await rig.allow("yellowlive", ["get", "patch"]);
    await publish(model);
    expect(rig.list("yellowlive").text).toBe(wanted(model));
  });

  it("is nobody else's: not the list of another platform, not by the jobs that ingest", async () => {
    await expect(publish(ACCEPTANCE.model, access, "YellowForensic")).rejects.toThrow(
      "refuses to get it: 403",
    );
    await expect(publish(ACCEPTANCE.model, rig.access("datasurface"))).rejects.toThrow(
      "refuses to get it: 403",
    );
  });

  it("that somebody has deleted is a matter for a deployment", async () => {
    rig.remove("yellowlive");
    await expect(publish(ACCEPTANCE.model)).rejects.toThrow("deploy the program again");
  });
});
