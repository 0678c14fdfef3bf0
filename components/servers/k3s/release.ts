import { versions } from "../../shared/versions";
import type { MachineBinary } from "../machine";

export type Architecture = keyof typeof versions.k3s.sha256;

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
