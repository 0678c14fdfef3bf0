import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DATA_NAMESPACES } from "../../../components/data";
import { NODE_PORTS, SERVER_PORTS } from "../../../components/shared/address-plan";
import { SYSTEM_NAMESPACES } from "../../../components/systems";
import { repository } from "../../rigs/platform/stacks";

/** The components' sources without comments, by path. */
const sources = new Map(
  readdirSync(join(repository, "components"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => [
      `components/${path}`,
      readFileSync(join(repository, "components", path), "utf8").replace(
        /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm,
        "",
      ),
    ]),
);
const holders = (pattern: RegExp) =>
  [...sources].filter(([, text]) => pattern.test(text)).map(([path]) => path);

describe("a fact of the components has one owner", () => {
  it("is looked for in all of them", () => {
    expect(sources.size).toBeGreaterThan(150);
  });

  // Other ports (80, 443, 2379, 5432) also belong to programs in pods.
  const { kubernetesApi, apiServer, postgresReplicas, haproxyStatus } = SERVER_PORTS;
  it.each([kubernetesApi, apiServer, postgresReplicas, haproxyStatus, ...Object.values(NODE_PORTS)])(
    "the port %i stands in the address plan alone",
    (port) => {
      expect(holders(new RegExp(`\\b${port}\\b`))).toEqual(["components/shared/address-plan.ts"]);
    },
  );

  it.each([
    ["the user of the jobs' image", /\bJOBS_USER = /, "components/shared/pods/users.ts"],
    ["the digest of a text", /\b(?:const|function) digest\b/, "components/shared/digest.ts"],
    ["the error for users", /\bclass UserError\b/, "components/shared/user-error.ts"],
  ])("%s", (_fact, pattern, owner) => {
    const found = holders(pattern);
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter((path) => !path.startsWith(owner))).toEqual([]);
  });
});

describe("the cluster layer", () => {
  const files = [...sources].filter(([path]) => path.startsWith("components/cluster/"));
  const namespaces = Object.values({ ...DATA_NAMESPACES, ...SYSTEM_NAMESPACES }).map(({ name }) => name);
  const products = [
    "postgres",
    "postgresql",
    "patroni",
    "minio",
    "airflow",
    "datasurface",
    "rain",
    "gardenos",
  ];

  it.each([
    ["namespace", namespaces.map((name) => `["'\`]${name}["'\`]`)],
    ["product", products.map((name) => `\\b${name}\\b`)],
  ])("names no workload's %s", (_kind, names) => {
    const named = new RegExp(names.join("|"), "i");
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter(([, text]) => named.test(text)).map(([path]) => path)).toEqual([]);
  });
});
