import { z } from "zod";

type Path = ReadonlyArray<string | number>;

/** A schema without what makes it optional or gives it a default. */
export function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
  )
    return bare(schema.unwrap());
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
}

/** The blocks that can be at one place: several where a word such as `kind` decides which one it is. */
export function blocksOf(schema: z.core.$ZodType): z.ZodObject[] {
  const plain = bare(schema);
  if (plain instanceof z.ZodObject) return [plain];
  return plain instanceof z.ZodUnion ? plain.options.flatMap(blocksOf) : [];
}

/** The word that decides between several blocks at one place, such as `kind`. */
export function decider(schema: z.core.$ZodType): string | undefined {
  const plain = bare(schema);
  return plain instanceof z.ZodDiscriminatedUnion ? plain.def.discriminator : undefined;
}

/** The schema of the setting at a path, where the values on the way tell which block it is in. */
export function schemaAt(root: z.core.$ZodType, path: Path, value: unknown): z.core.$ZodType | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return root;
  const plain = bare(root);
  const below = (schema: z.core.$ZodType | undefined) =>
    schema && schemaAt(schema, rest, valueAt(value, [step]));
  if (plain instanceof z.ZodArray) return below(plain.element);
  if (plain instanceof z.ZodRecord) return below(plain.valueType);
  return below(blockFor(root, value)?.shape[String(step)]);
}

/** Of the blocks that can be at a place, the one that the written value chooses. */
export function blockFor(schema: z.core.$ZodType, value: unknown): z.ZodObject | undefined {
  const blocks = blocksOf(schema);
  const word = decider(schema);
  if (word === undefined) return blocks[0];
  return blocks.find((block) => block.shape[word]?.safeParse(valueAt(value, [word])).success);
}

/** Every name of a setting, with the path of the block that it is in. Names that people choose are left out. */
export function namedSettings(
  schema: z.core.$ZodType,
  path: readonly string[] = [],
): { readonly name: string; readonly path: readonly string[] }[] {
  const plain = bare(schema);
  if (plain instanceof z.ZodArray) return namedSettings(plain.element, withSuffix(path, "[]"));
  if (plain instanceof z.ZodRecord) return namedSettings(plain.valueType, [...path, "<name>"]);
  return blocksOf(schema).flatMap(({ shape }) =>
    Object.entries(shape).flatMap(([name, inner]) => [
      { name, path },
      ...namedSettings(inner, [...path, name]),
    ]),
  );
}

const withSuffix = (path: readonly string[], suffix: string) =>
  path.map((part, index) => (index === path.length - 1 ? part + suffix : part));

/** The value at a path; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: ReadonlyArray<PropertyKey>): unknown {
  return path.reduce<unknown>((value, key) => {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
    return Reflect.get(value, key);
  }, root);
}
