import type { MachineBinary } from "../../machine";

/**
 * K3s' stable channel in autumn 2026. Its digests were read in public repositories that pin the release for both
 * architectures, several of which agree; the release's own sha256sum-amd64.txt and sha256sum-arm64.txt hold them too.
 * The Traefik values (ingress.ts) fit the chart that this release brings, 40.1: chart 41 renames some of them.
 */
export const K3S_RELEASE = {
  version: "v1.36.4+k3s1",
  why: "the stable channel's release; brings Traefik 3.7 and the lock that lets all servers start at once",
  /** Kubernetes mends 1.36 until then. */
  supportedUntil: "2027-06-28",
  sha256: {
    amd64: "835873f37245fc615f547a2fe2af9402a347875f13fa64a1f136de644955ea3f",
    arm64: "c920706346d5ad4e5cd3c7bf1bb09ce71ebe07fec829e513e40f1caf98aed8bb",
  },
} as const;

export type Architecture = keyof typeof K3S_RELEASE.sha256;

export const K3S_PROGRAM = "/usr/local/bin/k3s";

const ASSETS: Readonly<Record<Architecture, string>> = { amd64: "k3s", arm64: "k3s-arm64" };

export function k3sBinary(architecture: Architecture): MachineBinary {
  const release = encodeURIComponent(K3S_RELEASE.version);
  return {
    path: K3S_PROGRAM,
    url: `https://github.com/k3s-io/k3s/releases/download/${release}/${ASSETS[architecture]}`,
    sha256: K3S_RELEASE.sha256[architecture],
  };
}
