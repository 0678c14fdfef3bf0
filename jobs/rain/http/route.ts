import type { z } from "zod";
import { type Database, describedAnswer, type JsonSchema, jsonSchema, problemSchema } from "../../shared";

type Shape = Readonly<Record<string, z.ZodType>>;
type Values<S extends Shape> = { readonly [K in keyof S]: z.output<S[K]> };

/** One endpoint of the API: its parameters, its answer, and how the answer is computed. */
export interface Route {
  readonly path: string;
  readonly summary: string;
  readonly parameters: Shape;
  readonly query: Shape;
  readonly answer: z.ZodType;
  /** The meaning of a 404 here; undefined where the route always answers. */
  readonly absent: string | undefined;
  /** Undefined where the requested item does not exist. */
  find(given: Record<string, unknown>, database: Database): Promise<unknown>;
}

interface RouteDefinition<P extends Shape, Q extends Shape, A extends z.ZodType> {
  readonly path: string;
  readonly summary: string;
  readonly parameters: P;
  readonly query?: Q;
  readonly answer: A;
  readonly absent?: string;
  readonly find: (given: Values<P> & Values<Q>, database: Database) => Promise<z.input<A> | undefined>;
}

export function route<
  const P extends Shape,
  A extends z.ZodType,
  const Q extends Shape = Record<string, never>,
>(definition: RouteDefinition<P, Q, A>): Route {
  const { find, query, absent, ...rest } = definition;
  return {
    ...rest,
    query: query ?? {},
    absent,
    // Safe: the caller has read every value with the schema of its name.
    find: (given, database) => find(given as Values<P> & Values<Q>, database),
  };
}

/** Reads all values by their schemas; reports every problem at once. */
export function readValues(
  shape: Shape,
  given: Readonly<Record<string, string | undefined>>,
): { values: Record<string, unknown>; problems: string[] } {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const read = schema.safeParse(given[name]);
    if (read.success) values[name] = read.data;
    else problems.push(`${name}: ${read.error.issues.map(({ message }) => message).join("; ")}`);
  }
  return { values, problems };
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

interface Operation {
  readonly summary: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, ReturnType<typeof describedAnswer>>>;
}

export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, { readonly get: Operation }>>;
}

/** The OpenAPI document of the routes, generated from the schemas that read the requests. */
export function openApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: { title: "Rain Tracker", version, description: "The historical record of rain gauges, read-only." },
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route) }])),
  };
}

function operationOf({ summary, parameters, query, answer, absent }: Route): Operation {
  const all = [...parametersIn("path", parameters), ...parametersIn("query", query)];
  return {
    summary,
    parameters: all,
    responses: {
      "200": describedAnswer("the answer", answer),
      ...(all.length > 0 && { "400": describedAnswer("a value that is not allowed", problemSchema) }),
      ...(absent && { "404": describedAnswer(absent, problemSchema) }),
    },
  };
}

const parametersIn = (place: Parameter["in"], shape: Shape): Parameter[] =>
  Object.entries(shape).map(([name, schema]) => ({
    name,
    in: place,
    required: place === "path",
    schema: jsonSchema(schema, "input"),
  }));
