import type { NetworkZone } from "./locations";

export interface ServerType {
  /** Virtual CPUs, shared or dedicated. */
  readonly cores: number;
  /** Memory in GB, which is part of the servers' names. */
  readonly memoryGb: number;
  readonly diskGb: number;
  readonly architecture: "amd64" | "arm64";
  /** The network zones that offer this type. Whether it is in stock is checked at preview. */
  readonly zones: readonly NetworkZone[];
}

const EU: readonly NetworkZone[] = ["eu-central"];
const US: readonly NetworkZone[] = ["us-east", "us-west"];
const EU_AND_SINGAPORE: readonly NetworkZone[] = [...EU, "ap-southeast"];
const EVERYWHERE: readonly NetworkZone[] = [...EU_AND_SINGAPORE, ...US];

const amd64 = (
  cores: number,
  memoryGb: number,
  diskGb: number,
  zones: readonly NetworkZone[],
): ServerType => ({
  cores,
  memoryGb,
  diskGb,
  architecture: "amd64",
  zones,
});
const arm64 = (cores: number, memoryGb: number, diskGb: number): ServerType => ({
  cores,
  memoryGb,
  diskGb,
  architecture: "arm64",
  zones: EU,
});

/** The server types that are large enough for a node: 4 GB of memory or more. */
export const SERVER_TYPES = {
  cx23: amd64(2, 4, 40, EU),
  cx33: amd64(4, 8, 80, EU),
  cx43: amd64(8, 16, 160, EU),
  cx53: amd64(16, 32, 320, EU),
  cax11: arm64(2, 4, 40),
  cax21: arm64(4, 8, 80),
  cax31: arm64(8, 16, 160),
  cax41: arm64(16, 32, 320),
  cpx21: amd64(3, 4, 80, US),
  cpx31: amd64(4, 8, 160, US),
  cpx41: amd64(8, 16, 240, US),
  cpx51: amd64(16, 32, 360, US),
  cpx22: amd64(2, 4, 80, EU_AND_SINGAPORE),
  cpx32: amd64(4, 8, 160, EU_AND_SINGAPORE),
  cpx42: amd64(8, 16, 320, EU_AND_SINGAPORE),
  cpx52: amd64(12, 24, 480, EU_AND_SINGAPORE),
  cpx62: amd64(16, 32, 640, EU_AND_SINGAPORE),
  ccx13: amd64(2, 8, 80, EVERYWHERE),
  ccx23: amd64(4, 16, 160, EVERYWHERE),
  ccx33: amd64(8, 32, 240, EVERYWHERE),
  ccx43: amd64(16, 64, 360, EVERYWHERE),
  ccx53: amd64(32, 128, 600, EVERYWHERE),
  ccx63: amd64(48, 192, 960, EVERYWHERE),
} as const satisfies Record<string, ServerType>;

export type ServerTypeName = keyof typeof SERVER_TYPES;

// The cast is safe: Object.keys returns the table's keys, but its type is string[].
export const serverTypeNames = Object.keys(SERVER_TYPES) as [ServerTypeName, ...ServerTypeName[]];
