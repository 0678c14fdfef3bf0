import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isNode, parseDocument, stringify } from "yaml";
import { parseSettings, USUAL } from "../../components/settings";
import { UserError } from "../../components/shared/user-error";

/** A stack file with a raised epoch. */
export interface Raised {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Raises an epoch in the text of a stack file. Comments and everything else in it stay as they are. */
export function raiseEpoch(text: string, path: readonly string[], file: string): Raised {
  const document = parseDocument(text);
  const root = settingsPath(document.toJS());
  if (!root) throw new UserError(`${file}: the configuration has no trellis:settings`);
  const before = parseSettings(document.getIn(root) && document.toJS().config[root[1]]);
  const from = numberAt(before, path);
  if (from === undefined)
    throw new UserError(
      `${file}: these settings do not use ${path.join(".")}, so there is nothing to rotate`,
    );
  const to = from + 1;

  const written = document.getIn([...root, ...path], true);
  if (hasRange(written)) {
    // The number alone is exchanged, so that the rest of the file stays the same to the byte.
    const [start, end] = written.range;
    return checked(
      { text: text.slice(0, start) + String(to) + text.slice(end), from, to },
      before,
      path,
      file,
    );
  }
  const rendered = inserted(text, document, { root, path, to });
  return checked({ text: rendered, from, to }, before, path, file);
}

interface Insertion {
  readonly root: readonly string[];
  readonly path: readonly string[];
  readonly to: number;
}

/** Adds an epoch that the file does not have yet: as lines of their own, so that all others stay the same. */
function inserted(text: string, document: Document, { root, path, to }: Insertion): string {
  const whole = [...root, ...path];
  let depth = whole.length - 1;
  while (depth > root.length && !isMap(document.getIn(whole.slice(0, depth)))) depth--;
  const missing = whole.slice(depth);
  const usual = USUAL_AT.find(
    ([parent]) => path.join(".").startsWith(`${parent.join(".")}.`) && depth < root.length + parent.length,
  );
  const addition = nested(missing, to, usual?.[1]);

  const parent = document.getIn(whole.slice(0, depth), true);
  const last = isMap(parent) && !parent.flow ? parent.items.at(-1) : undefined;
  const first = isMap(parent) ? parent.items[0] : undefined;
  if (!last || !first || !isNode(first.key) || !first.key.range) {
    for (const [key, value] of Object.entries(addition))
      document.setIn([...whole.slice(0, depth), key], document.createNode(value));
    return document.toString({ lineWidth: 0 });
  }
  const column = first.key.range[0] - (text.lastIndexOf("\n", first.key.range[0] - 1) + 1);
  const value = isNode(last.value) ? last.value : isNode(last.key) ? last.key : undefined;
  const end = endOfLine(text, value?.range?.[1] ?? text.length);
  const lines = stringify(addition, { lineWidth: 0 }).replaceAll(/^(?=.)/gm, " ".repeat(column));
  return `${text.slice(0, end)}${end > 0 && text[end - 1] !== "\n" ? "\n" : ""}${lines}${text.slice(end)}`;
}

const endOfLine = (text: string, offset: number): number => {
  if (text[offset - 1] === "\n") return offset;
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline + 1;
};

/** The missing part of the settings. A table of one's own replaces the usual one as a whole, so it is written out. */
function nested(path: readonly string[], to: number, usual: object | undefined): object {
  const [key = "", ...rest] = path;
  if (rest.length === 0) return { [key]: to };
  if (usual && rest.length === 2) {
    const [entry = ""] = rest;
    return {
      [key]: {
        ...usual,
        [entry]: { ...Object(Reflect.get(usual, entry)), ...nested(rest.slice(1), to, undefined) },
      },
    };
  }
  return { [key]: nested(rest, to, usual) };
}

/** The settings whose usual entries are gone once a stack names entries of its own. */
const USUAL_AT: readonly (readonly [path: readonly string[], defaults: object])[] = [
  [["postgres", "databases"], USUAL.databases],
  [["minio", "applications"], USUAL.applications],
];

/** Refuses an edit that changed anything but the epoch. */
function checked(raised: Raised, before: unknown, path: readonly string[], file: string): Raised {
  const content: unknown = parseDocument(raised.text).toJS();
  const root = settingsPath(content);
  const after = parseSettings(root && Object(content).config[root[1]]);
  const expected = structuredClone(before);
  const parent = path.slice(0, -1).reduce((inner, key) => Object(inner)[key], expected);
  Reflect.set(Object(parent), path.at(-1) ?? "", raised.to);
  if (!isDeepStrictEqual(after, expected)) {
    throw new UserError(
      `${file}: cannot raise ${path.join(".")} without changing other settings; write ${path.join(".")}: ${raised.to} there by hand`,
    );
  }
  return raised;
}

/** `config` and the key of the settings, which may omit the project. */
function settingsPath(content: unknown): [string, string] | undefined {
  const keys = Object.keys(Object(Object(content).config));
  const key = keys.find((each) => ["trellis:settings", "settings"].includes(each));
  return key === undefined ? undefined : ["config", key];
}

function numberAt(settings: unknown, path: readonly string[]): number | undefined {
  const value: unknown = path.reduce((inner, key) => Object(inner)[key], settings);
  return typeof value === "number" ? value : undefined;
}

function hasRange(node: unknown): node is { readonly range: readonly [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
