import type { Palette } from "../shared/palette";
import { wordsOf } from "./effects";
import { isEmpty, type ServerChange } from "./plan";

/** A server's change, and whether only its mark at Hetzner is old. */
export interface PlannedServer extends ServerChange {
  readonly markIsOld: boolean;
}

/** What changes and what restarts, in words. */
export function screenOf(servers: readonly PlannedServer[], palette: Palette): string {
  const changing = servers.filter((each) => !isEmpty(each));
  const title = `${changing.length} of ${servers.length} servers change${changing.length > 1 ? ", one after the other in this order" : ""}`;
  return [palette.bold(title), ...servers.flatMap((each) => linesOf(each, palette)), ""].join("\n");
}

function linesOf(server: PlannedServer, palette: Palette): string[] {
  const line = (kind: string, text: string) => `  ${kind.padEnd(7)} ${text}`;
  const refused = server.refusals.length > 0;
  const lines = [
    ...server.refusals.map((reason) => palette.error(line("refused", reason))),
    ...server.write.map((path) => line("write", path)),
    ...server.remove.map((path) => line("remove", path)),
    ...server.fetch.map(({ path, url }) => line("fetch", `${path} from ${url}`)),
    ...server.effects.map((effect) => palette.accent(line("then", wordsOf(effect)))),
    ...(server.markIsOld && isEmpty(server) && !refused
      ? [line("mark", "its files are as wanted; its label at Hetzner is old")]
      : []),
    ...server.notes.map((note) => palette.dim(line("note", note))),
  ];
  return [
    palette.bold(server.server),
    ...(lines.length > 0 ? lines : [palette.dim(line("same", "nothing to change"))]),
  ];
}
