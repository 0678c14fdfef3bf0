import { versions } from "../../shared/versions";
import type { MachineBinary } from "../machine";

export type Architecture = keyof typeof versions.k3s.sha256;

/**
 * The label with the release that a node joined with. The kubelet sets it when it registers the node and never changes
 * it. The upgrade plans skip nodes that joined with the wanted release, which they would drain for nothing.
 */
export const JOINED_WITH_LABEL = "trellis.k3s/joined-with";

/** The value of the label for a release: a label has no `+`. */
export function joinedWith(release: string): string {
  return release.replaceAll("+", "-");
}

export const K3S_PROGRAM = "/usr/local/bin/k3s";

const ASSETS: Readonly<Record<Architecture, string>> = { amd64: "k3s", arm64: "k3s-arm64" };

export function k3sBinary(architecture: Architecture): MachineBinary {
  const release = encodeURIComponent(versions.k3s.version);
  return {
    path: K3S_PROGRAM,
    url: `https://github.com/k3s-io/k3s/releases/download/${release}/${ASSETS[architecture]}`,
    sha256: versions.k3s.sha256[architecture],
  };
}
