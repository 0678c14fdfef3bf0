import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { planProject, readTree, runPlan, temporaryFolder } from "../../../rigs/cli/plan-command";
import { KNOWN } from "../../../rigs/cli/plan-projects/secrets/known";
import type { Finished } from "../../../rigs/cli/trellis";
import { describeWith } from "../../../rigs/programs";

const platform = planProject("platform");
const secrets = planProject("secrets");
const broken = planProject("broken");

describe("the plan of a stack", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-plan-"));
  const small = join(folder, "small");
  let finished: Finished;
  beforeAll(async () => {
    finished = await runPlan(["small", "--cwd", platform, "--out", small]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("shows every object, every server's files, the resources, the outputs and a picture", () => {
    const { code, stdout, stderr } = finished;

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const files = readTree(small);
    expect([...files.keys()]).toEqual(
      expect.arrayContaining([
        "kubernetes/_cluster/namespace-postgres.yaml",
        "kubernetes/postgres/deployment-patroni.yaml",
        "kubernetes/kube-system/helmchart-cert-manager.yaml",
        "servers/ubuntu-8gb-fsn1-1/user-data",
        "servers/ubuntu-8gb-fsn1-1/haproxy.cfg",
        "servers/ubuntu-8gb-fsn1-1/etcd/etcd.conf.yml",
        "resources.json",
        "outputs.json",
        "topology.svg",
        "systems.svg",
      ]),
    );
    const deployment = parse(files.get("kubernetes/postgres/deployment-patroni.yaml") ?? "");
    expect(Object.keys(deployment)).toEqual(["apiVersion", "kind", "metadata", "spec"]);
    expect(deployment).toMatchObject({ kind: "Deployment", spec: { replicas: 3 } });
    expect(stdout).toContain("└─ servers Servers");
    expect(stdout).toContain("3 PrimaryIp, 3 Server, FloatingIp");
    expect(stdout).toMatch(/endpoints\.api +https:\/\/\d/);
    expect(stdout).toContain("warning  ubuntu-24.04 is a long way from its end of support (servers)");
    expect(stdout).toMatch(/32 files in .* after \d+\.\d s/);
  });

  it("is the same to the byte when it is made again, and replaces the former one as a whole", async () => {
    const first = readTree(small);
    writeFileSync(join(small, "left-over"), "from a former plan");

    await runPlan(["small", "--cwd", platform, "--out", small]);

    expect(readTree(small)).toEqual(first);
    expect(readdirSync(folder)).toEqual(["small"]);
  });

  it("keeps parent, protection, provider and the origin of each property in resources.json", () => {
    const resources: { name: string; urn: string; [key: string]: unknown }[] = JSON.parse(
      readTree(small).get("resources.json") ?? "",
    );
    const named = (name: string) => resources.find((resource) => resource.name === name);
    const ip = named("servers-ubuntu-8gb-fsn1-1-ip");
    expect(ip).toMatchObject({
      kind: "custom",
      parent: "urn:pulumi:small::platform::platform:index:Servers::servers",
      options: { protect: true },
    });
    expect(ip?.provider).toMatch(/pulumi:providers:hcloud::default_/);
    expect(named("servers-ubuntu-8gb-fsn1-1")).toMatchObject({
      propertyDependencies: {
        networks: [named("servers-network")?.urn],
        publicNets: [ip?.urn],
        userData: [named("servers-key")?.urn],
      },
      inputs: { userData: "see servers/ubuntu-8gb-fsn1-1/user-data" },
    });
    expect(resources.map(({ urn }) => urn)).toEqual(resources.map(({ urn }) => urn).toSorted());
  });

  it("takes its settings from another file, and speaks JSON and nothing else, when told to", async () => {
    const settings = join(folder, "mine.yaml");
    writeFileSync(settings, "config:\n  platform:servers: 5\n  token: { secure: v1:abc }\n");
    const out = join(folder, "mine");
    const { stdout } = await runPlan([
      "mine",
      "--cwd",
      platform,
      "--config-file",
      settings,
      "--out",
      out,
      "--json",
    ]);

    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({
      project: "platform",
      stack: "mine",
      outputs: { monthlyCost: 97.5, token: "<secret:platform:token>" },
      logs: [{ severity: "warning" }],
    });
    expect(summary.byType).toContainEqual({ type: "Server", count: 5 });
    expect(summary.files).toBe(readTree(out).size);
  });
});

describe("secrets in a plan", () => {
  const folder = mkdtempSync(join(tmpdir(), "trellis-plan-"));
  const out = join(folder, "secrets");
  let finished: Finished;
  beforeAll(async () => {
    finished = await runPlan(["test", "--cwd", secrets, "--out", out]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("are nowhere in it: not alone, nested, inside other texts, encoded or compressed", () => {
    const { code, stdout, stderr } = finished;

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const written = [...readTree(out).values(), stdout].join("\n");
    const found = Object.values(KNOWN)
      .flatMap(spellings)
      .filter((spelling) => written.includes(spelling));
    expect(found).toEqual([]);
    const encrypted = readFileSync(join(secrets, "Pulumi.test.yaml"), "utf8").match(/v1:\S+/g) ?? [];
    expect(encrypted.filter((text) => written.includes(text))).toEqual([]);
    expect(encrypted.length).toBeGreaterThan(3);
  });

  it("leave the texts around them readable, and say where they come from", () => {
    const files = readTree(out);
    expect(files.get("servers/server-1/user-data")).toContain("#cloud-config\npassword: <secret:value>\n");
    expect(files.get("servers/server-1/user-data")).toContain("token: <secret:secrets:token>\n");
    expect(files.get("servers/server-1/kubeconfig")).toContain("password: <secret:random:generated>");
    expect(JSON.parse(files.get("outputs.json") ?? "")).toMatchObject({
      token: "Bearer <secret:secrets:token>",
      database: { password: "<secret:secrets:database.password>" },
    });
  });
});

/** A secret as it is, and as JSON, YAML, a URL or base64 would have it, also from the middle of a longer text. */
function spellings(secret: string | number): string[] {
  const text = String(secret);
  const parts = text.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  const shifted = ["", "x", "xy"].map((before) =>
    Buffer.from(before + text)
      .toString("base64")
      .slice(4, -4),
  );
  return [...parts, JSON.stringify(text).slice(1, -1), encodeURIComponent(text), ...shifted];
}

describe("a plan that cannot be made", () => {
  const attempts: readonly (readonly [string, string, RegExp])[] = [
    [
      "settings that are wrong",
      "settings",
      /^error {2}servers\[0\]\.location: given mars; allowed: fsn1, nbg1\n$/,
    ],
    ["a mistake that shows late", "late", /^error {2}.*found out late\n$/],
    ["an error that is only logged", "logged", /^error {2}etcd 3\.3 is out of support\n$/],
    ["two resources of one name", "duplicate", /Duplicate resource URN '.*::first'/],
    [
      "a mistake of the program",
      "crash",
      /other than its settings:\nTypeError: a mistake of ours\n {4}at .*index\.ts/,
    ],
    [
      "a stack that does not exist",
      "nowhere",
      /no stack nowhere: .*; existing stacks: crash, duplicate, .*, settings\n$/,
    ],
  ];

  it.each(attempts)("says so for %s, and leaves nothing behind", async (_, stack, message) => {
    const folder = temporaryFolder();
    const { code, stdout, stderr } = await runPlan([stack, "--cwd", broken, "--out", join(folder, "out")]);

    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("leaves the former plan as it was", async () => {
    const out = join(temporaryFolder(), "out");
    await runPlan(["fine", "--cwd", broken, "--out", out, "--quiet"]);
    const before = readTree(out);

    const { code } = await runPlan(["settings", "--cwd", broken, "--out", out]);

    expect(code).toBe(1);
    expect(readTree(out)).toEqual(before);
  });

  it("never replaces a folder that holds something else", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "precious"));
    const { code, stderr } = await runPlan(["fine", "--cwd", broken, "--out", folder]);

    expect(code).toBe(1);
    expect(stderr).toContain("contains files that are not a plan");
    expect(existsSync(join(folder, "precious"))).toBe(true);
  });

  it("tells a wrong command line from a wrong stack by its exit code", async () => {
    const { code, stderr } = await runPlan(["dev", "--colour"]);

    expect(code).toBe(2);
    expect(stderr).toContain("--colour is not a flag of trellis plan\nsee: npx trellis plan --help");
  });

  it("explains itself when asked to", async () => {
    const { code, stdout } = await runPlan(["--help"]);

    expect(code).toBe(0);
    expect(stdout).toContain("npx trellis plan [<stack>]");
  });
});

describeWith(["unshare", "ip"], "without any network but loopback", () => {
  it("a plan is made all the same, and quietly prints only its warnings", async () => {
    const out = join(temporaryFolder(), "small");
    const offline = [
      "unshare",
      "--user",
      "--map-root-user",
      "--net",
      "sh",
      "-c",
      'ip link set lo up && exec "$@"',
      "sh",
    ];
    const finished = await runPlan(["small", "--cwd", platform, "--out", out, "--quiet"], offline);

    expect(finished).toMatchObject({ code: 0, stdout: "" });
    expect(finished.stderr).toMatch(/^warning {2}.*\n$/);
  });
});
