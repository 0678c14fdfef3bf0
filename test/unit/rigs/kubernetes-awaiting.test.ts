import { expect, it } from "vitest";
import { awaitReady } from "../../rigs/engine/stand-ins/kubernetes-awaiting";
import type { Properties } from "../../rigs/engine/stand-ins/wire";

const metadata = { name: "one", namespace: "rooms", generation: 2 };
const object = (kind: string, more: Properties = {}) => ({ apiVersion: "v1", kind, metadata, ...more });
const hurried = { ...metadata, annotations: { "pulumi.com/timeoutSeconds": "0.01" } };

/** An API where an object goes through these states, the last of them for ever; and where a pod says why. */
function going(...states: readonly Properties[]) {
  let asked = 0;
  return {
    read: async ({ kind }: Properties) => {
      if (kind === "Endpoints") return asked > 1 ? { subsets: [{}] } : {};
      return states[Math.min(asked++, states.length - 1)];
    },
    get: async (path: string): Promise<Properties> => {
      if (path.includes("/log?")) return { message: "cannot open the door" };
      const state = { waiting: { reason: "CrashLoopBackOff" } };
      const containerStatuses = [{ name: "main", ready: false, restartCount: 3, state }];
      return {
        items: [
          {
            metadata: { name: "one-0", namespace: "rooms" },
            status: { phase: "Running", containerStatuses },
          },
        ],
      };
    },
    asked: () => asked,
  };
}

const deployed = (seen: number, available: number) =>
  object("Deployment", {
    spec: { replicas: 2, selector: { matchLabels: { app: "one" } } },
    status: { observedGeneration: seen, replicas: 2, updatedReplicas: 2, availableReplicas: available },
  });
const job = (type: string) => {
  const conditions = [{ type, status: "True", reason: "BackoffLimitExceeded", message: "it gave up" }];
  return object("Job", { spec: { selector: { matchLabels: {} } }, status: { conditions } });
};

it("waits for a Deployment until its newest specification is there and available", async () => {
  const api = going(deployed(1, 2), deployed(2, 1), deployed(2, 2));
  await awaitReady(api, object("Deployment"));
  expect(api.asked()).toBe(3);
});

it("waits for a Job until it is complete, and for a Service until something is behind it", async () => {
  await awaitReady(going(job("Suspended"), job("Complete")), object("Job"));
  const api = going(object("Service", { spec: { selector: { app: "one" } } }));
  await awaitReady(api, object("Service"));
  expect(api.asked()).toBe(2);
});

it("says of a Job that failed, and of what is not ready in its time, why", async () => {
  await expect(awaitReady(going(job("Failed")), object("Job"))).rejects.toThrow(
    "Job rooms/one does not become ready: BackoffLimitExceeded: it gave up",
  );
  const late = object("Deployment", { metadata: hurried });
  await expect(awaitReady(going(deployed(2, 0)), late)).rejects.toThrow(
    /availableReplicas is 0 instead of 2[\s\S]*CrashLoopBackOff[\s\S]*cannot open the door/,
  );
});

it("asks nothing where the object says so, or is of a kind that is ready at once", async () => {
  const api = going(deployed(1, 0));
  const unwatched = { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } };
  await awaitReady(api, object("Deployment", { metadata: unwatched }));
  await awaitReady(api, object("ConfigMap"));
  expect(api.asked()).toBe(0);
});
