import { CARD_HEIGHT, middleOf, serverCard } from "./server-card";
import { box, element, label, type Piece, type Point, place } from "./svg";
import type { LayerKind, Server, Zone } from "./topology";

const NARROWEST_CARD = 248;
const WIDEST_CARD = 300;
const GAP = 28;
const PADDING = 18;
const CAPTION = 34;

const CARD_TOP = 2 * CAPTION;
const PLACE_HEIGHT = CAPTION + CARD_HEIGHT + PADDING;
const ZONE_HEIGHT = CAPTION + PLACE_HEIGHT + PADDING;

/** If a location has more servers than this, the last ones are only counted. */
const MOST_CARDS = 3;

/** Zones with their locations and servers, and the points where external traffic enters each server. */
interface ServersPiece extends Piece {
  readonly entries: readonly { readonly point: Point; readonly server: Server }[];
}

/** Draws servers side by side. If there are few, the cards fill the given width. */
export function serversPiece(zones: readonly Zone[], width: number): ServersPiece {
  const narrow = layOut(zones, NARROWEST_CARD);
  const spare = width - narrow.width;
  if (spare <= 0) return narrow;
  const locations = zones.flatMap(({ locations }) => locations);
  const columns = locations.reduce((sum, { servers }) => sum + columnsOf(servers), 0);
  return layOut(zones, Math.min(WIDEST_CARD, NARROWEST_CARD + spare / Math.max(1, columns)));
}

interface Spot {
  readonly x: number;
  readonly server: Server;
}

function layOut(zones: readonly Zone[], cardWidth: number): ServersPiece {
  const ground: string[] = [];
  const spots: Spot[] = [];
  let x = 0;
  for (const zone of zones) {
    const start = x;
    const places: string[] = [];
    x += PADDING;
    for (const { name, servers } of zone.locations) {
      const columns = columnsOf(servers);
      const width = Math.ceil(columns) * GAP - GAP + columns * cardWidth + 2 * PADDING;
      const columnAt = (column: number) => x + PADDING + column * (cardWidth + GAP);
      const shown = servers.slice(0, shownOf(servers));
      places.push(
        box(x, CAPTION, width, PLACE_HEIGHT, "place", 14),
        label(x + PADDING, CAPTION + 23, name, { style: "mono strong", size: 13 }),
        ...remainder(servers.length - shown.length, columnAt(shown.length) + cardWidth / 4),
      );
      spots.push(...shown.map((server, column) => ({ x: columnAt(column), server })));
      x += width + GAP;
    }
    x += PADDING - GAP;
    ground.push(
      box(start, 0, x - start, ZONE_HEIGHT, "zone", 16),
      label(start + PADDING, 23, zone.name.toUpperCase(), { style: "caption", size: 12 }),
      ...places,
    );
    x += GAP;
  }
  const cards = spots.map(({ x, server }) => place(serverCard(server, cardWidth), x, CARD_TOP));
  return {
    width: Math.max(0, x - GAP),
    height: zones.length > 0 ? ZONE_HEIGHT : 0,
    // Links are behind the cards, so a link that passes a server is visible only between the cards.
    svg: [...ground, ...links(spots, cardWidth), ...cards].join("\n"),
    entries: spots
      .filter(({ server }) => has(server, "edge"))
      .map(({ x, server }) => ({ point: [x + cardWidth / 2, CARD_TOP] as const, server })),
  };
}

function shownOf(servers: readonly Server[]): number {
  return servers.length > MOST_CARDS ? MOST_CARDS - 1 : servers.length;
}

/** The count of hidden servers takes half a column. */
function columnsOf(servers: readonly Server[]): number {
  return servers.length > MOST_CARDS ? MOST_CARDS - 0.5 : servers.length;
}

function remainder(hidden: number, x: number): string[] {
  if (hidden === 0) return [];
  const y = CARD_TOP + CARD_HEIGHT / 2;
  return [
    label(x, y, `+ ${hidden}`, { style: "strong dim", size: 24, anchor: "middle" }),
    label(x, y + 22, "more servers", { style: "dim", size: 12, anchor: "middle" }),
  ];
}

/** Links the members of each service from card to card. */
function links(spots: readonly Spot[], cardWidth: number): string[] {
  return (["k3s", "etcd"] as const).flatMap((kind) => {
    const y = CARD_TOP + middleOf(kind);
    const members = spots.filter(({ server }) => has(server, kind));
    return members.slice(1).map((member, index) => {
      const from = (members[index]?.x ?? 0) + cardWidth;
      return element("path", { d: `M${from} ${y}H${member.x}`, class: `to-${kind}` });
    });
  });
}

function has(server: Server, kind: LayerKind): boolean {
  return server.layers.some((layer) => layer.kind === kind);
}
