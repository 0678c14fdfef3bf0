import { type Domain, verb, withDatabase } from "../shared";
import { databaseSettings } from "./config";

const purpose = { purpose: "the CRM's database", applicationName: "crm" };

/** The CRM's database: demo data, and the interface that PostgREST serves from its schema. */
export const crm: Domain = {
  name: "crm",
  summary: "the CRM's database: demo data, and its interface as PostgREST serves it",
  verbs: [
    verb({
      name: "seed",
      summary: "insert a demo workspace with contacts, opportunities, interactions and tasks",
      details:
        "Inserts nothing that is there already, so it may run again. Not for a database with real people.",
      settings: databaseSettings,
      run: async ({ database }, { log }) => {
        const { seed } = await import("./seed");
        const rows = await withDatabase(database, purpose, seed);
        log.info({ rows }, `inserted ${rows} rows of demo data`);
        return "done";
      },
    }),
    verb({
      name: "openapi",
      summary: "print the OpenAPI document of the REST interface, for the role `authenticated`",
      answersOnStdout: true,
      settings: databaseSettings,
      run: async ({ database }, { print }) => {
        const { openApi, readTables } = await import("./schema");
        const tables = await withDatabase(database, purpose, readTables);
        print(JSON.stringify(openApi(tables), undefined, 2));
        return "done";
      },
    }),
    verb({
      name: "types",
      summary: "print the TypeScript types of the REST interface, as @supabase/supabase-js takes them",
      answersOnStdout: true,
      settings: databaseSettings,
      run: async ({ database }, { print }) => {
        const { readTables, typeScript } = await import("./schema");
        const tables = await withDatabase(database, purpose, readTables);
        print(typeScript(tables));
        return "done";
      },
    }),
  ],
};
