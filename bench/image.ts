import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { buildAfresh, imageArchive, UnpackedImage } from "../test/rigs/kubernetes/image";

const USAGE = `npm run bench -- image [--repeat 10]
What the job image weighs, how long it is built and how soon a container of it answers, beside the image that is usual: the
same base, npm ci, and the TypeScript sources. Needs root, buildah, mmdebstrap and runc.`;

const ROOT = resolve(import.meta.dirname, "..");
const CONTEXT = [".dockerignore", ".npmrc", "package.json", "package-lock.json", "tsconfig.json", "jobs"];

/** A Dockerfile as it is usual for TypeScript programs. */
const USUAL = `ARG NODE_IMAGE
FROM \${NODE_IMAGE} AS build
RUN apt-get update && apt-get install --yes --no-install-recommends git && apt-get clean \\
 && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/trellis
COPY package.json package-lock.json .npmrc tsconfig.json ./
COPY jobs jobs
RUN npm ci --ignore-scripts --no-audit --no-fund
USER 1000:1000
ENV NODE_ENV=production
ENTRYPOINT ["node", "--import", "file:///opt/trellis/node_modules/tsx/dist/esm/index.mjs", "/opt/trellis/jobs/cli.ts"]
`;

interface Figures {
  readonly seconds: number;
  readonly travels: number;
  readonly unpacked: number;
  readonly layers: number;
  readonly startMs: readonly number[];
}

export default async function image(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { repeat: { type: "string", default: "10" }, help: { type: "boolean", default: false } },
  });
  if (values.help) return console.log(USAGE);
  const repeat = Number(values.repeat);
  const folder = mkdtempSync(join(tmpdir(), "trellis-bench-image-"));
  try {
    await imageArchive("jobs"); // caches the base image and the build layers
    const [, kept] = await timed(() => imageArchive("jobs"));
    const [, changed] = await timed(() => imageArchive("jobs", withChange(join(folder, "changed"))));
    const ours = await figuresOf(checkout(join(folder, "ours")), repeat);
    const usual = await figuresOf(withDockerfile(join(folder, "usual"), USUAL), repeat);

    console.log(`the job image, from the same base; containers of runc, ${repeat} starts of each\n`);
    line("", "ours", "npm ci", "ratio");
    const compare = (name: string, of: (figures: Figures) => number, digits = 0) =>
      line(name, of(ours).toFixed(digits), of(usual).toFixed(digits), (of(usual) / of(ours)).toFixed(1));
    compare("archive, MiB", ({ travels }) => travels / 2 ** 20);
    compare("unpacked, MiB", ({ unpacked }) => unpacked);
    compare("layers", ({ layers }) => layers);
    compare("built afresh, s", ({ seconds }) => seconds);
    compare("jobs --help, ms, median", ({ startMs }) => median(startMs));
    compare("jobs --help, ms, worst", ({ startMs }) => Math.max(...startMs));
    line("built after a change, s", changed.toFixed(0));
    line("found unchanged, s", kept.toFixed(1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function figuresOf(context: string, repeat: number): Promise<Figures> {
  const archive = join(context, "image.tar");
  const [, seconds] = await timed(() => buildAfresh("jobs", context, archive));
  const unpackedImage = await UnpackedImage.open(archive, join(context, "unpacked"));
  const startMs: number[] = [];
  for (let round = 0; round <= repeat; round++) {
    const [{ code, stderr }, took] = await timed(() => unpackedImage.run(["--help"]));
    if (code !== 0) throw new Error(`jobs --help failed: ${stderr}`);
    if (round > 0) startMs.push(took * 1000); // the first one reads from disk
  }
  const { stdout } = await promisify(execFile)("du", ["--summarize", "--block-size=1M", unpackedImage.root]);
  return {
    seconds,
    travels: statSync(archive).size,
    unpacked: Number.parseInt(stdout, 10),
    layers: unpackedImage.layerBytes.length,
    startMs,
  };
}

/** Copies the build context into a folder. */
function checkout(folder: string): string {
  for (const part of CONTEXT) {
    cpSync(join(ROOT, part), join(folder, part), {
      recursive: true,
      filter: (path) => !path.endsWith("node_modules"),
    });
  }
  return folder;
}

function withDockerfile(folder: string, text: string): string {
  writeFileSync(join(checkout(folder), "jobs/Dockerfile"), text);
  return folder;
}

/** A checkout that was never built: a source file contains the current time. */
function withChange(folder: string): string {
  writeFileSync(join(checkout(folder), "jobs/shared/changed.ts"), `export const changed = ${Date.now()};\n`);
  return folder;
}

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const begin = performance.now();
  return [await work(), (performance.now() - begin) / 1000];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function line(name: string, ...values: readonly string[]): void {
  console.log(name.padEnd(26) + values.map((value) => value.padStart(9)).join(""));
}
