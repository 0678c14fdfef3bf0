import { expect, it } from "vitest";
import { kubernetesObject } from "../../../../../cli/shared/kubernetes-objects";
import { RainTracker } from "../../../../../components/systems/rain";
import { importRequest } from "../../../../../components/systems/rain/import-request";
import { evaluateStack } from "../../../../rigs/evaluate";
import { KUBERNETES_VALIDATE, schemaViolations } from "../../../../rigs/kubernetes/validate";
import { describeWith } from "../../../../rigs/programs";

const POD = {
  image: "registry.example/jobs@sha256:0123",
  databaseSecret: { name: "rain-database", key: "url" },
  readerSecret: { name: "rain-database-reader", key: "url" },
  databaseAccess: "postgresql://rain@postgres/rain",
};

const STORE = {
  endpoint: "https://store.example:9000",
  region: "us-east-1",
  bucket: "rain-files",
  secret: "rain-files",
  hasAuthority: true,
};

describeWith([KUBERNETES_VALIDATE], "the objects of Rain Tracker", () => {
  it.each(["dev", "prod"] as const)(
    "in %s are what Kubernetes' schemas allow, without a field too many",
    async (environment) => {
      const args = {
        ...POD,
        namespace: "rain-tracker",
        environment,
        host: "rain.example.com",
        archive: { size: "10Gi" },
        files: {
          access: {
            endpoint: "https://store.example:9000",
            region: "us-east-1",
            bucket: "rain-files",
            accessKey: "rain",
            secretKey: "secret-of-rain",
            authority: "a certificate",
          },
        },
      };
      const { resources } = await evaluateStack({ program: () => void new RainTracker("rain", args) });
      const manifests = resources.flatMap((each) => kubernetesObject(each, each.inputs)?.manifest ?? []);
      const jobs = [
        ["import-year", "2023"],
        ["import-fopr", "--gauge", "59700"],
      ].map((words) => named(importRequest(words, "rain-tracker", { ...POD, store: STORE })));

      expect(manifests.length).toBeGreaterThanOrEqual(14);
      expect(schemaViolations([...manifests, ...jobs])).toEqual([]);
    },
  );
});

/** The validator reports by name, which the cluster would complete. */
const named = (job: object) => ({ ...job, metadata: { name: "started-by-hand" } });
