import { describe, expect, it } from "vitest";
import { jobOf } from "../../../../cli/operations/job";

const deployed = {
  kind: "CronJob",
  spec: {
    schedule: "7 * * * *",
    jobTemplate: {
      spec: {
        backoffLimit: 0,
        template: {
          metadata: { labels: { "app.kubernetes.io/name": "operations-health" } },
          spec: {
            serviceAccountName: "operations",
            containers: [
              { name: "health", image: "jobs@sha256:1", args: ["operations", "health", "--scheduled"] },
            ],
            volumes: [{ name: "platform" }],
          },
        },
      },
    },
  },
};

describe("the Job of a run by hand", () => {
  const job = jobOf(deployed, { name: "h-1", namespace: "operations", words: ["status", "--json"] });

  it("is the deployed pod with other words", () => {
    expect(job).toMatchObject({
      metadata: { name: "h-1", namespace: "operations" },
      spec: {
        template: {
          metadata: { labels: { "app.kubernetes.io/name": "operations-health" } },
          spec: {
            serviceAccountName: "operations",
            containers: [{ image: "jobs@sha256:1", args: ["operations", "status", "--json"] }],
            volumes: [{ name: "platform" }],
          },
        },
      },
    });
  });

  it("tries once, and is removed by Kubernetes where its starter was killed", () => {
    expect(job).toMatchObject({ spec: { backoffLimit: 0, ttlSecondsAfterFinished: 600 } });
  });

  it("is refused where the CronJob is not ours", () => {
    expect(() => jobOf({ spec: {} }, { name: "h", namespace: "o", words: [] })).toThrow();
  });
});
