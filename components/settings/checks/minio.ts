import { numbersOf } from "../nodes";
import type { Problem } from "../problems";
import type { ExternalStoreSettings, HetznerTarget, OwnStoreSettings, Settings } from "../schema";
import { isPrivate } from "../values";
import { type HetznerDraft, notDeclared, problem } from "./checks";
import {
  counted,
  type DriveLayout,
  describeLayout,
  drivesOf,
  judgeLayout,
  KEEPS_READS,
  KEEPS_WRITES,
  MOST_DRIVES,
} from "./minio-layout";

type MinioSettings = Settings["minio"];

const ONE_DRIVE: DriveLayout = { pods: 1, drivesPerPod: 1, parity: 0 };
const COMMON_PARITY = 2;

/** The layout of MinIO's drives, and the memory of each pod. */
export function minioShape({
  environment,
  minio,
}: {
  readonly environment: Settings["environment"];
  readonly minio: OwnStoreSettings;
}): DriveLayout & { readonly memoryMib: number } {
  const memoryMib = minio.memoryMib ?? (environment === "dev" ? 512 : 1024);
  return { ...layoutOf(environment, minio), memoryMib };
}

/** Derives what the settings omit from what they give, never from the nodes: nodes change, a layout is permanent. */
function layoutOf(environment: Settings["environment"], given: OwnStoreSettings): DriveLayout {
  const usual = environment === "dev" ? ONE_DRIVE : KEEPS_WRITES;
  const pods = given.pods ?? usual.pods;
  const drivesPerPod =
    given.drivesPerPod ?? (pods === usual.pods ? usual.drivesPerPod : pods === 2 || pods === 3 ? 2 : 1);
  const parity = given.parity ?? Math.min(COMMON_PARITY, Math.floor((pods * drivesPerPod) / 2));
  return { pods, drivesPerPod, parity };
}

/** Applications whose data have copies of their own off the cluster. */
const COPIED_OTHERWISE = ["backups", "archive"];

/** The buckets whose objects are copied to the off-site store. */
export function mirroredBuckets({ minio: { buckets, applications } }: Pick<Settings, "minio">): string[] {
  const otherwise = new Set<string>(COPIED_OTHERWISE.flatMap((name) => applications[name]?.buckets ?? []));
  return Object.entries(buckets)
    .filter(([name, { mirror, expireDays }]) => mirror ?? (expireDays === undefined && !otherwise.has(name)))
    .map(([name]) => name);
}

/** The number of servers that run MinIO's pods. */
const homesIn = (servers: HetznerTarget["servers"]): number =>
  servers.filter(({ roles }) => roles.includes("workload")).flatMap(numbersOf).length;

/** Checks MinIO's drive layout against the servers, and that the buckets of its applications exist. */
export function checkMinio(
  {
    environment,
    minio,
  }: { environment: Settings["environment"] | undefined; minio: MinioSettings | undefined },
  { servers }: HetznerDraft,
): Problem[] {
  if (!minio) return [];
  const nodes = servers ? homesIn(servers) : 0;
  return [
    ...(minio.kind === "external"
      ? checkExternal(minio)
      : environment && nodes > 0
        ? checkLayout(environment, layoutOf(environment, minio), nodes)
        : []),
    ...Object.entries(minio.applications).flatMap(([name, { buckets }]) =>
      buckets.flatMap((bucket, index) =>
        minio.buckets[bucket]
          ? []
          : [
              notDeclared(["minio", "applications", name, "buckets", index], bucket, {
                where: "minio.buckets",
                names: Object.keys(minio.buckets),
              }),
            ],
      ),
    ),
  ];
}

/** S3's limit for the name of a bucket. */
const LONGEST_BUCKET = 63;

/** The bucket of the reports on copies off the cluster; no application has it. */
export const MIRROR_BUCKET = "trellis-mirror";

function checkExternal({ endpoint, prefix = "", buckets }: ExternalStoreSettings): Problem[] {
  const { hostname } = new URL(endpoint);
  return [
    ...(/^[\d.]+$/.test(hostname) && isPrivate(`${hostname}/32`)
      ? [
          problem(
            ["minio", "endpoint"],
            endpoint,
            "a public address: network policies let pods reach another store on the internet alone",
            "give the store a public name, or let Trellis run MinIO",
          ),
        ]
      : []),
    ...[...Object.keys(buckets), MIRROR_BUCKET]
      .map((name) => prefix + name)
      .filter((name) => name.length > LONGEST_BUCKET)
      .map((name) =>
        problem(
          ["minio", "prefix"],
          prefix,
          `a prefix with which every bucket's name has at most ${LONGEST_BUCKET} characters; ${name} has ${name.length}`,
          "shorten it",
        ),
      ),
  ];
}

function checkLayout(environment: Settings["environment"], layout: DriveLayout, nodes: number): Problem[] {
  const drives = drivesOf(layout);
  const given = describeLayout(layout);
  if (drives > MOST_DRIVES) {
    return [
      problem(
        ["minio"],
        given,
        `at most ${MOST_DRIVES} drives in total: pods times drivesPerPod is ${drives}`,
      ),
    ];
  }
  if (layout.parity > drives / 2) {
    return [
      problem(
        ["minio", "parity"],
        layout.parity,
        `at most ${Math.floor(drives / 2)}, half of the ${counted(drives, "drive")} of ${counted(layout.pods, "pod")}`,
      ),
    ];
  }
  if (drives > 1 && layout.parity === 0) {
    return [
      problem(
        ["minio", "parity"],
        0,
        `at least 1 with ${drives} drives: without parity the loss of one drive loses objects`,
      ),
    ];
  }
  if (environment === "prod" && nodes > 1 && judgeLayout(layout, nodes).some(({ reads }) => !reads)) {
    return [
      problem(
        ["minio"],
        given,
        `in prod a layout that stays readable after the loss of any node${better(nodes)}`,
      ),
    ];
  }
  return [];
}

/** A warning for each number of pods on a node whose loss stops reads or writes. Each preview shows them. */
export function layoutAdvice(settings: Pick<Settings, "environment" | "minio" | "target">): string[] {
  const { target, environment, minio } = settings;
  if (minio.kind === "external") return [];
  // The loss of a single server stops everything, with any layout.
  if (target.kind !== "hetzner" || homesIn(target.servers) === 1) return [];
  const nodes = homesIn(target.servers);
  const layout = minioShape({ environment, minio });
  return judgeLayout(layout, nodes)
    .filter(({ writes }) => !writes)
    .map(({ pods, drivesLeft, reads }) => {
      const lost = `the loss of a node with ${counted(pods, "pod")} leaves ${drivesLeft} of ${drivesOf(layout)} drives`;
      const consequence = reads
        ? "objects can be read but not written"
        : "objects can be neither read nor written";
      return `minio: ${describeLayout(layout)} on ${counted(nodes, "node")}: ${lost}, so ${consequence}${better(nodes)}. A deployed layout is permanent (docs/minio.md)`;
    });
}

function better(nodes: number): string {
  return nodes < 3
    ? `; ${describeLayout(KEEPS_READS)} keeps reads`
    : `; ${describeLayout(KEEPS_WRITES)} keeps reads and writes`;
}
