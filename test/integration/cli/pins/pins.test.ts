import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf, imageName } from "../../../../cli/pins/registry";
import { pinnedChart } from "../../../../components/cluster/helm";
import { pinnedImage, taggedReference } from "../../../../components/shared/pinned-image";
import { type Pin, versions } from "../../../../components/shared/versions";
import { repository } from "../../../rigs/platform/stacks";

const manifestOf = (path: string) => JSON.stringify({ schemaVersion: 2, annotations: { path } });
const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A stand-in for a registry: like the public ones it wants a token for what everybody may read. */
const registry: RequestListener = (request, response) => {
  const { pathname, host, searchParams } = new URL(request.url ?? "", `http://${request.headers.host}`);
  if (pathname === "/token") {
    response.end(JSON.stringify({ token: `for ${searchParams.get("scope")}` }));
    return;
  }
  const [, name = "", tag = ""] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(pathname) ?? [];
  const scope = `repository:${name}:pull`;
  if (request.headers.authorization !== `Bearer for ${scope}`) {
    const challenge = `Bearer realm="http://${host}/token",service="stand-in",scope="${scope}"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return;
  }
  if (tag === "missing") {
    response.writeHead(404).end();
    return;
  }
  const manifest = manifestOf(`${name}:${tag}`);
  const digest = sha256(tag === "forged" ? "another" : manifest);
  response.writeHead(200, { "docker-content-digest": digest }).end(manifest);
};

describe("trellis pins", () => {
  let server: Server;
  let url: URL;
  let folder: string;
  const images = Object.entries<Pin>(versions).filter(([, pin]) => taggedReference(pin) !== undefined);
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "trellis-pins-"));
    server = createServer(registry).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo; // safe: it listens on an address and not on a pipe
    url = new URL(`http://127.0.0.1:${port}`);
  });
  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const pins = (...flags: string[]) =>
    new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const words = ["cli/trellis.mjs", "pins", "--mirror", url.href, ...flags];
      execFile(process.execPath, words, { cwd: repository }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });

  it("writes the registry's digest below each version, and changes nothing else", async () => {
    const original = readFileSync(join(repository, "components/shared/versions.ts"), "utf8");
    const file = join(folder, "versions.ts");
    writeFileSync(file, original);

    const { code, stdout } = await pins("--file", file);

    expect(stdout).toContain(`${images.length} images and charts, `);
    expect(code).toBe(0);
    const rewritten = readFileSync(file, "utf8");
    for (const [, pin] of images) {
      const { repository: name, tag } = imageName(taggedReference(pin) ?? "");
      const digest = sha256(manifestOf(`${name}:${tag}`));
      expect(rewritten).toContain(`version: "${pin.version}",\n    digest: "${digest}",`);
    }
    const without = (text: string) => text.replaceAll(/digest: "[^"]*"/g, 'digest: ""');
    expect(without(rewritten)).toBe(without(original));
  });

  it("with --check writes nothing, and fails where the file has another digest", async () => {
    const file = join(folder, "checked.ts");
    writeFileSync(file, "untouched");

    expect((await pins("--check", "--file", file)).code).toBe(1);
    expect(readFileSync(file, "utf8")).toBe("untouched");
  });

  const named = (tag: string) => ({ registry: "registry.example.com", repository: "a/b", tag });

  it("refuses a manifest that has another digest than the registry says", async () => {
    await expect(digestOf(named("forged"), url)).rejects.toThrow(/its manifest has the digest/);
  });

  it("says which tag is missing, and which registry does not answer", async () => {
    await expect(digestOf(named("missing"), url)).rejects.toThrow(
      /manifests\/missing: .* no such image or tag/,
    );
    await expect(digestOf(named("1"), new URL("http://127.0.0.1:9"))).rejects.toThrow(/no answer/);
  });

  it.each([
    ["apache/airflow:3.3.2-python3.12", "registry-1.docker.io", "apache/airflow", "3.3.2-python3.12"],
    [
      "docker.io/library/postgres:17.11-bookworm",
      "registry-1.docker.io",
      "library/postgres",
      "17.11-bookworm",
    ],
    ["postgres", "registry-1.docker.io", "library/postgres", "latest"],
    ["gcr.io/etcd-development/etcd:v3.6.14", "gcr.io", "etcd-development/etcd", "v3.6.14"],
    ["localhost:5000/jobs:1", "localhost:5000", "jobs", "1"],
  ])("asks for %s at %s", (reference, host, name, tag) => {
    expect(imageName(reference)).toEqual({ registry: host, repository: name, tag });
  });
});

describe("a pinned image", () => {
  const pin = { version: "1.2.3", image: "registry.example.com/web:v{version}-slim" };

  it("has its tag, and its digest once that is known", () => {
    expect(pinnedImage({ ...pin, digest: "" })).toBe("registry.example.com/web:v1.2.3-slim");
    expect(pinnedImage({ ...pin, digest: "sha256:ab" })).toBe(
      "registry.example.com/web:v1.2.3-slim@sha256:ab",
    );
  });
});

describe("a pinned chart", () => {
  const pin = { version: "1.2.3", why: "a test", chart: "registry.example.com/charts/web:{version}" };
  const from = (digest: string) => pinnedChart("https://charts.example.com", "web", { ...pin, digest });

  it("comes from its repository, and by digest from its registry once that is known", () => {
    expect(from("")).toEqual({ repo: "https://charts.example.com", chart: "web", version: "1.2.3" });
    const chart = "oci://registry.example.com/charts/web@sha256:ab";
    expect(from("sha256:ab")).toEqual({ chart, version: "1.2.3" });
  });
});
