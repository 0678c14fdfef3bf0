interface Theme {
  readonly page: string;
  readonly zone: string;
  readonly place: string;
  readonly card: string;
  readonly line: string;
  readonly text: string;
  readonly dim: string;
  readonly front: string;
  readonly edge: string;
  readonly k3s: string;
  readonly etcd: string;
}

const LIGHT: Theme = {
  page: "#f6f7f9",
  zone: "#edf0f4",
  place: "#f6f7f9",
  card: "#ffffff",
  line: "#d3d9e2",
  text: "#16202e",
  dim: "#5d6b80",
  front: "#b45309",
  edge: "#1d4ed8",
  k3s: "#0f766e",
  etcd: "#7e22ce",
};

const DARK: Theme = {
  page: "#0e131b",
  zone: "#141b26",
  place: "#192231",
  card: "#202b3c",
  line: "#34425a",
  text: "#e8edf5",
  dim: "#94a3ba",
  front: "#fbbf24",
  edge: "#7aa7ff",
  k3s: "#4fd1c0",
  etcd: "#c9a0ff",
};

/** Colours and fonts for light and dark screens. The picture loads nothing from elsewhere. */
export function stylesheet(): string {
  return [
    `svg{${variables(LIGHT)}}`,
    `@media (prefers-color-scheme:dark){svg{${variables(DARK)}}}`,
    "text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:var(--text)}",
    ".mono{font-family:ui-monospace,SFMono-Regular,Menlo,'DejaVu Sans Mono',monospace}",
    ".strong{font-weight:650}.dim{fill:var(--dim)}",
    ".caption{fill:var(--dim);font-weight:600;letter-spacing:.07em}",
    ".page{fill:var(--page)}",
    ".zone,.place,.card{stroke:var(--line)}",
    ".zone{fill:var(--zone)}.place{fill:var(--place)}.card{fill:var(--card)}",
    ...(["front", "edge", "k3s", "etcd"] as const).flatMap((part) => [
      `.${part}{fill:var(--${part});fill-opacity:.11;stroke:var(--${part});stroke-opacity:.55}`,
      `.on-${part}{fill:var(--${part});font-weight:600}`,
      `.at-${part}{fill:var(--${part})}`,
      `.to-${part}{fill:none;stroke:var(--${part});stroke-width:1.6;stroke-opacity:.75}`,
    ]),
    ".next{stroke-dasharray:5 5;stroke-opacity:.45}",
    ".to-etcd{stroke-dasharray:2 4;stroke-linecap:round}",
  ].join("\n");
}

function variables(theme: Theme): string {
  return Object.entries(theme)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(";");
}
