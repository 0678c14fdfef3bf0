import { Composer, type Document, isScalar, Lexer, LineCounter, Parser, visit } from "yaml";
import { JobError } from "../../shared";

/** Limits the parsing time, which the author of a model must not control. A megabyte of columns has 600000 tokens. */
const MOST_TOKENS = 700_000;

/** A model needs 10 levels. */
const DEEPEST = 32;

/** Each use of an alias is a copy, including the aliases in it. */
const MOST_ALIASES = 100;

/** Parses one YAML document. Errors never quote the file, which may not be a model at all. */
export function parseYaml(path: string, text: string, format = "YAML"): unknown {
  const lines = new LineCounter();
  const refuse = (offset: number | undefined, why: string): never => {
    const { line, col } = lines.linePos(offset ?? 0);
    throw new JobError(`${path} is not readable as ${format}: line ${line || 1}, column ${col || 1}: ${why}`);
  };
  requireBounded(path, text);
  try {
    return read(document(text, lines, refuse), refuse);
  } catch (error) {
    if (error instanceof JobError) throw error;
    // For example a stack overflow, or aliases of aliases.
    throw new JobError(
      `${path} is not readable as YAML: it is nested too deeply, or has over ${MOST_ALIASES} aliases`,
    );
  }
}

type Refuse = (offset: number | undefined, why: string) => never;

function requireBounded(path: string, text: string): void {
  let tokens = 0;
  let depth = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") depth++;
    if (token === "]" || token === "}") depth--;
    if (++tokens > MOST_TOKENS) {
      throw new JobError(
        `${path} is not readable as YAML: it has over ${MOST_TOKENS} tokens; split the model`,
      );
    }
    if (depth > DEEPEST)
      throw new JobError(`${path} is not readable as YAML: it is nested over ${DEEPEST} deep`);
  }
}

function document(text: string, lines: LineCounter, refuse: Refuse): Document.Parsed | undefined {
  // The library's own check for duplicate keys takes quadratic time.
  const composer = new Composer({ uniqueKeys: false, merge: false });
  const found: Document.Parsed[] = [];
  const take = (documents: Iterable<Document.Parsed>) => {
    for (const each of documents) {
      const [error] = each.errors;
      if (error) refuse(error.pos[0], error.code.toLowerCase().replaceAll("_", " "));
      found.push(each);
      if (found.length > 1) refuse(each.range[0], "a second document");
    }
  };
  for (const token of new Parser(lines.addNewLine).parse(text)) {
    if (token.type === "error") refuse(token.offset, "unexpected token");
    take(composer.next(token));
  }
  take(composer.end());
  return found[0];
}

function read(parsed: Document.Parsed | undefined, refuse: Refuse): unknown {
  if (!parsed) return null;
  visit(parsed, {
    Map: (_, map) => {
      const keys = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) refuse(map.range?.[0], "a key that is no text");
        else if (keys.size === keys.add(String(key.value)).size) refuse(key.range?.[0], "a key occurs twice");
      }
    },
  });
  return parsed.toJS({ maxAliasCount: MOST_ALIASES });
}
