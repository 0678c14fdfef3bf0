import { namespacesPiece } from "./namespaces";
import { serversPiece } from "./servers";
import { stylesheet } from "./style";
import { box, cable, label, place, sheet } from "./svg";
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
  // With a floating IP one line carries the traffic; the others take over. It is drawn last, above their shared parts.
  const active = servers.entries.find(({ server }) => server.active);
  const lines = [...servers.entries].sort((a, b) => Number(a.server.active) - Number(b.server.active));
  const cables = lines.map(({ point: [x, y], server }) =>
    cable(
      [centre, HEADER + FRONT_HEIGHT],
      serversTop - RAIL,
      [serversLeft + x, serversTop + y],
      active && !server.active ? "front next" : "front",
    ),
  );
  if (active) {
    const told = `${active.server.name} is elected first; whoever takes over keeps it`;
    cables.push(label(centre + 12, HEADER + FRONT_HEIGHT + 17, told, { style: "dim", size: 11.5 }));
  }

  return sheet({ width, height, title: topology.title, subtitle: topology.subtitle, style: stylesheet() }, [
    label(MARGIN, 46, topology.title, { style: "strong", size: 24 }),
    label(MARGIN, 70, topology.subtitle, { style: "dim", size: 13, room: inner }),
    ...front,
    place(servers, serversLeft, serversTop),
    ...cables,
    ...(shown ? [place(cluster, MARGIN, clusterTop)] : []),
  ]);
}
