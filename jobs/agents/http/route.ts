import type PgBoss from "pg-boss";
import { z } from "zod";
import type { Sessions } from "../store";
import type { Caller } from "./auth";

/** What a route works with. */
export interface Backend {
  readonly sessions: Sessions;
  /** Undefined until the database has been reached once. */
  readonly boss: () => Promise<PgBoss>;
}

/** An answer that is not 200. */
export class Refusal extends Error {
  constructor(
    readonly status: 202 | 400 | 403 | 404 | 409 | 503,
    message: string,
  ) {
    super(message);
  }
}

interface RouteDefinition<P extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> {
  readonly method: "get" | "post";
  readonly path: string;
  readonly summary: string;
  /** `anyone` needs no token; `service` needs the role service_role. */
  readonly access: "anyone" | "caller" | "service";
  readonly parameters: P;
  readonly body: B;
  readonly answer: A;
  readonly status?: 200 | 202;
  readonly run: (
    given: { readonly path: z.output<P>; readonly body: z.output<B>; readonly caller: Caller },
    backend: Backend,
  ) => Promise<z.input<A>>;
}

/** A route whose types are checked where it is defined; requests are read with its schemas. */
export interface Route {
  readonly method: "get" | "post";
  readonly path: string;
  readonly summary: string;
  readonly access: "anyone" | "caller" | "service";
  readonly parameters: z.ZodObject;
  readonly body: z.ZodType;
  readonly answer: z.ZodType;
  readonly status: 200 | 202;
  run(given: { path: unknown; body: unknown; caller: Caller }, backend: Backend): Promise<unknown>;
}

export function route<P extends z.ZodObject, B extends z.ZodType, A extends z.ZodType>(
  definition: RouteDefinition<P, B, A>,
): Route {
  return {
    ...definition,
    status: definition.status ?? 200,
    // Safe: the caller has read both with the schemas of the definition.
    run: (given, backend) =>
      definition.run(given as { path: z.output<P>; body: z.output<B>; caller: Caller }, backend),
  };
}

/** The parameters in a path that matches; undefined for another path. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const [expected, given] = [pattern.split("/"), path.split("/")];
  if (expected.length !== given.length) return undefined;
  const values: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name) values[name] = given[index] ?? "";
    else if (part !== given[index]) return undefined;
  }
  return values;
}

const error = z.object({ error: z.string() });

/** The OpenAPI document of the routes, generated from the schemas that read the requests. */
export function openApiDocument(routes: readonly Route[], version: string) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const each of routes) paths[each.path] = { ...paths[each.path], [each.method]: operation(each) };
  return {
    openapi: "3.1.0",
    info: { title: "Agents", version, description: "Agents that analyse leads and propose follow-ups." },
    components: { securitySchemes: { token: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
    paths,
  };
}

function operation({ summary, access, parameters, body, answer, status, method }: Route) {
  const response = (description: string, of: z.ZodType) => ({
    description,
    content: { "application/json": { schema: schema(of, "output") } },
  });
  return {
    summary,
    ...(access !== "anyone" && { security: [{ token: [] }] }),
    parameters: Object.entries(parameters.shape).map(([name, of]) => ({
      name,
      in: "path",
      required: true,
      // Safe: the shape of a zod object holds zod types.
      schema: schema(of as z.ZodType, "input"),
    })),
    ...(method === "post" && {
      requestBody: { required: true, content: { "application/json": { schema: schema(body, "input") } } },
    }),
    responses: {
      [status]: response("the answer", answer),
      "400": response("a value that is not allowed", error),
      ...(access !== "anyone" && { "401": response("no valid token", error) }),
      ...(access === "service" && { "403": response("the token's role is not service_role", error) }),
      "404": response("no such item", error),
      "503": response("the database cannot be reached", access === "anyone" ? answer : error),
    },
  };
}

function schema(of: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io, unrepresentable: "any" });
  return rest;
}
