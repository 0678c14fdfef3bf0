import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { agentArguments, storeArguments } from "../../../../components/cluster/logs";
import { Child } from "../../../rigs/child";
import { freePort } from "../../../rigs/postgres/postgres";
import { describeWith } from "../../../rigs/programs";
import { eventually } from "../../../rigs/waiting";

/** As an API server writes it. */
const event = (requestURI: string, at: Date) => ({
  kind: "Event",
  apiVersion: "audit.k8s.io/v1",
  level: "Metadata",
  auditID: "8b0c4b1e-3c1b-4a34-8a3d-6a3d5a4ea0d1",
  stage: "ResponseComplete",
  requestURI,
  verb: "list",
  user: { username: "someone@example.com", groups: ["trellis:readers"] },
  objectRef: { resource: "secrets", namespace: "airflow", apiVersion: "v1" },
  responseStatus: { code: 403 },
  requestReceivedTimestamp: at.toISOString(),
});

describeWith(["victoria-logs", "vlagent"], "the audit of the Kubernetes API", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-audit-logs-"));
  const children: Child[] = [];
  let url = "";
  const audit = join(folder, "audit");

  beforeAll(async () => {
    const [port, own] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}`;
    mkdirSync(audit);
    const size = { retentionDays: 30, volumeGib: 1, memoryMib: 256, requestMib: 128 };
    children.push(new Child("victoria-logs", storeArguments(size, { folder: join(folder, "store"), port })));
    const places = { containers: folder, audit, state: join(folder, "state"), port: own };
    const words = agentArguments({ url: `${url}/insert/native`, token: false }, places);
    // There is no Kubernetes here whose pods it could read.
    const alone = words.filter((word) => !word.startsWith("-kubernetesCollector"));
    children.push(new Child("vlagent", alone, { NODE_NAME: "ubuntu-16gb-fsn1-1" }));
  });
  afterAll(async () => {
    for (const child of children) await child.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it("is found by user and resource, with its server and the time of the request", async () => {
    const at = new Date(Date.now() - 90_000);
    writeFileSync(
      join(audit, "audit.log"),
      `${JSON.stringify(event("/api/v1/namespaces/airflow/secrets", at))}\n`,
    );
    const query = '{log="kubernetes-audit"} objectRef.resource:=secrets user.username:*';
    const answer = await eventually("the event is found", 60_000, async () => {
      const response = await fetch(`${url}/select/logsql/query`, {
        method: "POST",
        body: new URLSearchParams({ query }),
      });
      return (await response.text()).trim() || false;
    });
    const found = JSON.parse(answer);
    expect(found).toMatchObject({
      _msg: "/api/v1/namespaces/airflow/secrets",
      node: "ubuntu-16gb-fsn1-1",
      "user.username": "someone@example.com",
      "responseStatus.code": "403",
    });
    expect(new Date(found._time)).toEqual(at);
  });
});
