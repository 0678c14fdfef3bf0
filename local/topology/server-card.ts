import { box, label, type Piece } from "./svg";
import type { Program, Server } from "./topology";

/** The layers of a server, each drawn in one row that runs through all servers. */
export const LAYERS = [
  { style: "edge", title: "HAProxy", programs: ["haproxy", "keepalived"] },
  { style: "k3s", title: "K3s", programs: ["k3s"] },
  { style: "etcd", title: "etcd", programs: ["etcd"] },
] as const satisfies readonly { style: string; title: string; programs: readonly Program[] }[];

const HEAD = 92;
const LAYER = 44;
const LAYER_GAP = 10;

export const CARD_HEIGHT = HEAD + LAYERS.length * (LAYER + LAYER_GAP) + 6;

/** Where the middle of a layer is, below the card's top. */
export function middleOf(layer: number): number {
  return HEAD + layer * (LAYER + LAYER_GAP) + LAYER / 2;
}

/** A server with its addresses and what it runs. */
export function serverCard(server: Server, width: number): Piece {
  const rows = LAYERS.flatMap(({ style, title, programs }, index) => {
    if (!server.programs.includes(programs[0])) return [];
    const y = HEAD + index * (LAYER + LAYER_GAP);
    const beside = style === "edge" && server.programs.includes("keepalived") ? " + keepalived" : "";
    return [
      box(12, y, width - 24, LAYER, style, 8),
      label(24, y + 19, title + beside, { style: `on-${style}`, size: 13 }),
      label(24, y + 35, detail(style, server), { style: "dim mono", size: 10.5, room: width - 48 }),
    ];
  });
  return {
    width,
    height: CARD_HEIGHT,
    svg: [
      box(0, 0, width, CARD_HEIGHT, "card", 12),
      label(14, 26, server.name, { style: "mono strong", size: 13.5, room: width - 28 }),
      label(14, 45, server.type, { style: "dim", size: 12 }),
      ...addressRow(66, width, "public", server.publicAddress),
      ...addressRow(82, width, "private", server.privateAddress),
      ...rows,
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

function detail(style: (typeof LAYERS)[number]["style"], server: Server): string {
  if (style === "edge") return server.ports.map((port) => `:${port}`).join(" ");
  if (style === "k3s") return server.programs.includes("etcd") ? "API server and workloads" : "workloads";
  return "state of the cluster";
}
