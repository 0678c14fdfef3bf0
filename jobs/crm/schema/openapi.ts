import type { Column, Table } from "./tables";

/** JSON schema of PostgreSQL's types, as PostgREST describes them. */
const SCHEMAS: Readonly<Record<string, object>> = {
  uuid: { type: "string" },
  text: { type: "string" },
  boolean: { type: "boolean" },
  smallint: { type: "integer" },
  integer: { type: "integer" },
  bigint: { type: "integer" },
  jsonb: {},
  date: { type: "string" },
  "timestamp with time zone": { type: "string" },
  "text[]": { type: "array", items: { type: "string" } },
};

function schemaOf({ type, allowed }: Column): object {
  const schema = type.startsWith("numeric") ? { type: "number" } : SCHEMAS[type];
  if (!schema) throw new Error(`jobs/crm/schema/openapi.ts has no schema for the type ${type}; add it there`);
  return { ...schema, format: type, ...(allowed.length > 0 && { enum: allowed }) };
}

/**
 * The OpenAPI 2.0 document of the REST interface. It has the paths, the methods and the definitions that PostgREST
 * derives from the same catalogue and grants; filters are parameters of the columns' names.
 */
export function openApi(tables: readonly Table[]): object {
  return {
    swagger: "2.0",
    info: { title: "CRM", description: "Rows of the user's workspaces, by PostgREST", version: "1" },
    basePath: "/rest/v1",
    consumes: ["application/json"],
    produces: ["application/json"],
    securityDefinitions: { JWT: { type: "apiKey", in: "header", name: "Authorization" } },
    security: [{ JWT: [] }],
    paths: {
      ...Object.fromEntries(tables.map((table) => [`/${table.name}`, pathOf(table)])),
      "/rpc/create_workspace": {
        post: {
          summary: "Create a workspace that the caller owns",
          parameters: [
            {
              in: "body",
              name: "args",
              required: true,
              schema: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
            },
          ],
          responses: { "200": { description: "OK", schema: { $ref: "#/definitions/workspaces" } } },
        },
      },
    },
    definitions: Object.fromEntries(tables.map((table) => [table.name, definitionOf(table)])),
  };
}

function pathOf(table: Table): object {
  const filters = table.columns.map(({ name, type }) => ({
    in: "query",
    name,
    required: false,
    type: "string",
    format: type,
  }));
  const body = { in: "body", name: table.name, schema: { $ref: `#/definitions/${table.name}` } };
  const rows = { type: "array", items: { $ref: `#/definitions/${table.name}` } };
  return {
    get: { parameters: filters, responses: { "200": { description: "OK", schema: rows } } },
    ...(table.mayInsert && {
      post: { parameters: [body], responses: { "201": { description: "Created" } } },
    }),
    ...(table.mayUpdate && {
      patch: { parameters: [...filters, body], responses: { "204": { description: "No Content" } } },
    }),
    ...(table.mayDelete && {
      delete: { parameters: filters, responses: { "204": { description: "No Content" } } },
    }),
  };
}

function definitionOf({ columns }: Table): object {
  return {
    type: "object",
    required: columns.filter(({ nullable }) => !nullable).map(({ name }) => name),
    properties: Object.fromEntries(columns.map((column) => [column.name, schemaOf(column)])),
  };
}
