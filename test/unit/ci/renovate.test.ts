import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { versions } from "../../../components/shared/versions";

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

interface CustomManager {
  readonly managerFilePatterns: readonly string[];
  readonly matchStrings: readonly string[];
  readonly datasourceTemplate: string;
  readonly depNameTemplate: string;
  readonly autoReplaceStringTemplate?: string;
}

/** Pins that a person raises: each says why no robot does. */
const BY_HAND: readonly string[] = [
  "ubuntu", // a new release of the system is a change of every rendered file
  "postgres", // a new major is a migration of the data
  "airflow", // its image and the package that the tests install must be of one release
  "victoriaLogsDatasource", // no datasource of Renovate lists Grafana's plugins
  ...["patroni", "pgbackrest", "pgbouncer"], // Debian packages in one image, raised with the fault tests
];

/** What Renovate's custom managers find in a file. */
function found(path: string): string[] {
  const { customManagers } = JSON.parse(read("renovate.json")) as { customManagers: CustomManager[] };
  return customManagers
    .filter(({ managerFilePatterns }) =>
      managerFilePatterns.some((pattern) => new RegExp(pattern.slice(1, -1)).test(path)),
    )
    .flatMap(({ matchStrings }) => matchStrings)
    .flatMap((matchString) => [...read(path).matchAll(new RegExp(matchString, "g"))])
    .map((match) => match.groups?.currentValue ?? "");
}

/** Renovate takes a name without a registry for one of Docker's. */
const withRegistry = (name: string) => (/^[^/]+\.[^/]+\//.test(name) ? name : `docker.io/${name}`);

it("keeps every pinned version in Renovate's sight, once", () => {
  const watched = Object.entries(versions)
    .filter(([name]) => !BY_HAND.includes(name))
    .map(([, { version }]) => version);
  expect(found("components/shared/versions.ts").sort()).toEqual(watched.sort());
});

it("keeps a digest with the version of every image that Renovate raises", () => {
  const { customManagers } = JSON.parse(read("renovate.json")) as { customManagers: CustomManager[] };
  const text = read("components/shared/versions.ts");
  const newDigest = `sha256:${"ab".repeat(32)}`;
  const ofImages = customManagers.filter(({ datasourceTemplate }) => datasourceTemplate === "docker");
  expect(ofImages.length).toBeGreaterThan(5);
  for (const { matchStrings, depNameTemplate, autoReplaceStringTemplate = "" } of ofImages) {
    const [match] = [...text.matchAll(new RegExp(matchStrings[0] ?? "", "g"))];
    expect(match?.groups).toHaveProperty("currentDigest");
    const replaced = text.replace(
      match?.[0] ?? "",
      autoReplaceStringTemplate.replace("{{{newValue}}}", "v9.9.9").replace("{{{newDigest}}}", newDigest),
    );
    // The image or chart below the replaced lines is the one that Renovate looks up.
    const found = ["image", "chart"].map(
      (kind) =>
        `version: "v9.9.9",\n    digest: "${newDigest}",\n    ${kind}: "${withRegistry(depNameTemplate)}:`,
    );
    expect(found.filter((lines) => replaced.includes(lines))).toHaveLength(1);
  }
});

it("deploys with the Pulumi CLI that the tests run", () => {
  const [, tested] = /pulumi\/pkg\/v3 v(\S+)/.exec(read("test/toolchain/pulumi/go.mod")) ?? [];
  for (const workflow of ["preview", "deploy"]) {
    expect(found(`.github/workflows/${workflow}.yml`), workflow).toEqual([tested, tested]);
  }
});
