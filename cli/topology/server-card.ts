import { box, label, type Piece } from "./svg";
import { LAYER_KINDS, type LayerKind, type Server } from "./topology";

const HEAD = 92;
const LAYER = 44;
const LAYER_GAP = 10;

export const CARD_HEIGHT = HEAD + LAYER_KINDS.length * (LAYER + LAYER_GAP) + 6;

/** The middle of a layer, measured from the card's top. Layers of one kind are at the same height on all servers. */
export function middleOf(kind: LayerKind): number {
  return topOf(kind) + LAYER / 2;
}

function topOf(kind: LayerKind): number {
  return HEAD + LAYER_KINDS.indexOf(kind) * (LAYER + LAYER_GAP);
}

/** Draws a server with its addresses and layers. */
export function serverCard(server: Server, width: number): Piece {
  const layers = server.layers.flatMap(({ kind, title, detail }) => [
    box(12, topOf(kind), width - 24, LAYER, kind, 8),
    label(24, topOf(kind) + 19, title, { style: `on-${kind}`, size: 13 }),
    label(24, topOf(kind) + 35, detail, { style: "dim mono", size: 10.5, room: width - 48 }),
  ]);
  return {
    width,
    height: CARD_HEIGHT,
    svg: [
      box(0, 0, width, CARD_HEIGHT, "card", 12),
      label(14, 26, server.name, { style: "mono strong", size: 13.5, room: width - 28 }),
      label(14, 45, server.type, { style: "dim", size: 12 }),
      ...addressRow(66, width, "public", server.publicAddress),
      ...addressRow(82, width, "private", server.privateAddress),
      ...layers,
    ].join("\n"),
  };
}

function addressRow(y: number, width: number, kind: string, address: string | undefined): string[] {
  if (!address) return [];
  return [
    label(14, y, kind, { style: "dim", size: 11 }),
    label(62, y, address, { style: "mono", size: 11.5, room: width - 76 }),
  ];
}
