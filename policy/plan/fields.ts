/** Fields of an object whose shape nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** The value as an object; anything else becomes an empty one, so that a missing field has no fields. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as a list; anything else becomes an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text of a value; undefined if it is not a text. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function texts(value: unknown): string[] {
  return list(value).filter((each) => typeof each === "string");
}

export interface Leaf {
  /** The property path in Pulumi's spelling: `spec.containers[0].image`, `data["tls.key"]`. */
  readonly path: string;
  /** The last key of the path, or the variable's name for the value of a variable. */
  readonly key: string;
  readonly value: unknown;
}

/** Every value below a value that contains no other. */
export function* leaves(value: unknown, path = "", key = ""): Generator<Leaf> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* leaves(item, `${path}[${index}]`, key);
  } else if (isFields(value)) {
    for (const [name, inner] of Object.entries(value))
      yield* leaves(inner, pathOf(path, name), keyOf(value, name));
  } else {
    yield { path, key, value };
  }
}

/** The value of an environment variable belongs to the variable's name. */
function keyOf(parent: Fields, key: string): string {
  return key === "value" && typeof parent.name === "string" ? parent.name : key;
}

function pathOf(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path ? `${path}.${key}` : key;
}
