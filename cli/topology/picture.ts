import { namespacesPiece } from "./namespaces";
import { serversPiece } from "./servers";
import { stylesheet } from "./style";
import { box, cable, element, escaped, label, place } from "./svg";
import type { Topology } from "./topology";

const MARGIN = 36;
const NARROWEST = 960;
const HEADER = 92;
const FRONT_WIDTH = 340;
const FRONT_HEIGHT = 58;
const CABLES = 56;
/** The height of the cables' horizontal lines above the servers. */
const RAIL = 28;
const BETWEEN = 28;

/** Draws a topology as one self-contained SVG. The same topology always gives the same text. */
export function picture(topology: Topology): string {
  const servers = serversPiece(topology.zones, NARROWEST);
  const inner = Math.max(NARROWEST, servers.width);
  const width = inner + 2 * MARGIN;
  const centre = width / 2;

  const serversTop = HEADER + FRONT_HEIGHT + CABLES;
  const serversLeft = (width - servers.width) / 2;
  const cluster = namespacesPiece(topology.namespaces, inner);
  const clusterTop = topology.zones.length > 0 ? serversTop + servers.height + BETWEEN : serversTop;
  const shown = topology.namespaces.length > 0;
  const height = (shown ? clusterTop + cluster.height : serversTop + servers.height) + MARGIN;

  const { kind, addresses } = topology.front;
  const front = [
    box(centre - FRONT_WIDTH / 2, HEADER, FRONT_WIDTH, FRONT_HEIGHT, "front", 14),
    label(centre, HEADER + 24, kind, { style: "on-front", size: 14, anchor: "middle" }),
    label(centre, HEADER + 43, addresses.join("  "), {
      style: "mono",
      size: 12,
      anchor: "middle",
      room: FRONT_WIDTH - 32,
    }),
  ];
  const cables = servers.entries.map(([x, y]) =>
    cable([centre, HEADER + FRONT_HEIGHT], serversTop - RAIL, [serversLeft + x, serversTop + y], "front"),
  );

  return `${element(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    `\n${element("title", {}, escaped(topology.title))}`,
    `\n${element("desc", {}, escaped(topology.subtitle))}`,
    `\n<style>\n${stylesheet()}\n</style>`,
    `\n${box(0, 0, width, height, "page", 0)}`,
    `\n${label(MARGIN, 46, topology.title, { style: "strong", size: 24 })}`,
    `\n${label(MARGIN, 70, topology.subtitle, { style: "dim", size: 13, room: inner })}`,
    `\n${front.join("\n")}`,
    `\n${place(servers, serversLeft, serversTop)}`,
    `\n${cables.join("\n")}`,
    shown ? `\n${place(cluster, MARGIN, clusterTop)}` : "",
    "\n",
  )}\n`;
}
