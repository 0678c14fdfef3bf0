import { expect, it } from "vitest";
import { judgeLayout } from "../../../../../components/settings";
import { MINIO_IN_CLUSTER_PROGRAMS, MinioInCluster } from "../../../../rigs/minio/in-cluster";
import { describeWith } from "../../../../rigs/programs";
import { eventually } from "../../../../rigs/waiting";

const OBJECT = "an-object";

describeWith(MINIO_IN_CLUSTER_PROGRAMS, "object storage of one drive", () => {
  it("is provisioned as a larger one is", async () => {
    const minio = await MinioInCluster.start({ pods: 1, drivesPerPod: 1, parity: 0 }, "127.71.3");
    try {
      expect(await minio.provision()).toMatchObject({ exitCode: 0 });
      const keys = minio.keysOf("backups");
      expect((await minio.ask("PUT", "/crm-backups/one", { keys, body: "content" })).status).toBe(200);
      expect((await minio.ask("PUT", "/crm-documents/one", { keys, body: "content" })).status).toBe(403);
      const page = await minio.ask("GET", "/crm-backups/one", { keys, origin: "https://elsewhere.example" });
      expect(page.body).toMatch(/^HTTP\S+ 200/);
      expect(page.body).not.toMatch(/access-control-allow-origin/i);
    } finally {
      await minio.stop();
    }
  });
});

describeWith(MINIO_IN_CLUSTER_PROGRAMS, "the judgement of a layout", () => {
  it.each([
    ["four pods over three nodes", { pods: 4, drivesPerPod: 1, parity: 2 }, "127.71.1"],
    ["three pods of two drives", { pods: 3, drivesPerPod: 2, parity: 2 }, "127.71.2"],
  ] as const)("is what happens: %s, whichever node is lost", async (_, layout, network) => {
    const minio = await MinioInCluster.start(layout, network);
    try {
      const keys = minio.root;
      const put = async (key: string) =>
        (await minio.ask("PUT", `/judged/${key}`, { keys, body: "content" })).status;
      expect((await minio.ask("PUT", "/judged", { keys })).status).toBe(200);
      expect(await put(OBJECT)).toBe(200);

      for (const loss of judgeLayout(layout, 3)) {
        const lost = minio.pods.slice(-loss.pods); // the first one stays, since clients talk to it
        for (const pod of lost) await minio.kill(pod);
        await eventually(
          "the loss is noticed",
          60_000,
          async () => (await minio.drivesOnline(0)) === loss.drivesLeft,
        );

        expect((await minio.ask("GET", `/judged/${OBJECT}`, { keys })).status === 200).toBe(loss.reads);
        expect((await put(`with-${loss.pods}-lost`)) === 200).toBe(loss.writes);

        for (const pod of lost) minio.start(pod);
        await minio.ready();
      }
    } finally {
      await minio.stop();
    }
  });
});
