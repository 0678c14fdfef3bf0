import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { credentials, type requestCallback } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import {
  AnalyzeRequest,
  type AnalyzeResponse,
  type AnalyzerInfo,
  AnalyzerResourceOptions,
} from "@pulumi/pulumi/proto/analyzer_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RULES } from "../../../policy/rules";
import { repository } from "../../rigs/platform/stacks";

describe("the policy pack, started by Pulumi's runner as the engine starts it", () => {
  let runner: ChildProcess;
  let pack: AnalyzerClient;

  beforeAll(async () => {
    const folder = join(repository, "policy");
    const script = createRequire(join(folder, "index.ts")).resolve("@pulumi/pulumi/cmd/run-policy-pack");
    // Nothing of the engine listens at this address; the runner reports errors there.
    runner = spawn(process.execPath, [script, "127.0.0.1:1", "."], { cwd: folder, stdio: "pipe" });
    let said = "";
    runner.stderr?.on("data", (text) => {
      said += text;
    });
    const ended = once(runner, "exit").then(() => {
      throw new Error(`the pack ended: ${said}`);
    });
    if (!runner.stdout) throw new Error("its output is a pipe");
    const [port] = await Promise.race([once(createInterface(runner.stdout), "line"), ended]);
    ended.catch(() => undefined); // its end, later, is no failure
    pack = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
  });
  afterAll(async () => {
    pack?.close();
    const ended = once(runner, "exit");
    runner.kill("SIGKILL");
    await ended;
  });

  it("offers every rule", async () => {
    const info = await answerOf<AnalyzerInfo>((answered) => pack.getAnalyzerInfo(new Empty(), answered));
    const names = info.getPoliciesList().map((policy) => policy.getName());
    expect(names).toEqual(RULES.map(({ name }) => name));
  });

  it("refuses a resource that breaks a rule, and names the rule", async () => {
    const request = new AnalyzeRequest();
    const type = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole";
    const rules = [{ apiGroups: ["*"], resources: ["pods"], verbs: ["get"] }];
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "shop" },
      rules,
    };
    request.setType(type);
    request.setName("shop");
    request.setUrn(`urn:pulumi:prod::trellis::${type}::shop`);
    request.setProperties(Struct.fromJavaScript(role));
    request.setOptions(new AnalyzerResourceOptions());
    const answer = await answerOf<AnalyzeResponse>((answered) => pack.analyze(request, answered));
    const [first] = answer.getDiagnosticsList();
    expect(first?.getPolicyname()).toBe("minimal-rbac");
    expect(first?.getMessage()).toContain("ClusterRole shop: a rule has the wildcard * in apiGroups");
  });
});

const answerOf = <Answer>(ask: (answered: requestCallback<Answer>) => unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    ask((error, answer) => (answer === undefined ? reject(error) : resolve(answer)));
  });
