import type PgBoss from "pg-boss";
import type { z } from "zod";
import { describedAnswer, jsonSchema, problemSchema } from "../../shared";
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
  return {
    summary,
    ...(access !== "anyone" && { security: [{ token: [] }] }),
    parameters: Object.entries(parameters.shape).map(([name, of]) => ({
      name,
      in: "path",
      required: true,
      // Safe: the shape of a zod object holds zod types.
      schema: jsonSchema(of as z.ZodType, "input"),
    })),
    ...(method === "post" && {
      requestBody: { required: true, content: { "application/json": { schema: jsonSchema(body, "input") } } },
    }),
    responses: {
      [status]: describedAnswer("the answer", answer),
      "400": describedAnswer("a value that is not allowed", problemSchema),
      ...(access !== "anyone" && { "401": describedAnswer("no valid token", problemSchema) }),
      ...(access === "service" && {
        "403": describedAnswer("the token's role is not service_role", problemSchema),
      }),
      "404": describedAnswer("no such item", problemSchema),
      "503": describedAnswer("the database cannot be reached", access === "anyone" ? answer : problemSchema),
    },
  };
}
