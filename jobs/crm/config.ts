import { database } from "../shared";

export const databaseSettings = {
  database: database("CRM", "the CRM's database, as a login with the access `migrate`", { database: "crm" }),
};
