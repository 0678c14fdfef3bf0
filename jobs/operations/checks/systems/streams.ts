import { type StreamStatus, streamStatus } from "../../../datasurface";
import type { Platform } from "../../platform";
import type { Readers } from "../../readers";

/** The state of every stream of the stack, by its name. */
export function streamStates(
  { sql }: Readers,
  { postgres: { primary } }: Platform,
  streams: NonNullable<Platform["streams"]>,
): Promise<readonly (readonly [name: string, status: Partial<StreamStatus>])[]> {
  return sql.with("merge", primary, async (merge) => {
    const all: [string, Partial<StreamStatus>][] = [];
    for (const { platform, stream } of streams.list)
      all.push([`${platform}/${stream}`, await streamStatus(merge, platform, stream)]);
    return all;
  });
}
