import type { Database } from "../../shared";
import { drawEmail, drawPerson, drawPhone, drawPlace, drawStreet, drawZip } from "./people";
import type { Random } from "./random";

/** One change of the source; returns a description, or undefined where there was nothing to change. */
type Operation = (source: Database, random: Random, clock: Clock) => Promise<string | undefined>;

/** The current year and the prefix of ids; fixed in a seeded run. */
export interface Clock {
  readonly year: number;
  /** Eight digits. */
  stamp(): string;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS customers (
    id varchar(20) PRIMARY KEY, firstName varchar(100) NOT NULL, lastName varchar(100) NOT NULL, dob date NOT NULL,
    email varchar(100), phone varchar(100), primaryAddressId varchar(20), billingAddressId varchar(20));
  CREATE TABLE IF NOT EXISTS addresses (
    id varchar(20) PRIMARY KEY, customerId varchar(20) NOT NULL, streetName varchar(100) NOT NULL,
    city varchar(100) NOT NULL, state varchar(100) NOT NULL, zipCode varchar(30) NOT NULL)`;

/** Creates the tables, and the first customer with an address where there is none. */
export async function createTables(source: Database): Promise<void> {
  await source.query(TABLES);
  await source.query(`
    WITH first AS (
      INSERT INTO customers (id, firstName, lastName, dob) SELECT 'CUST001', 'John', 'Doe', '1990-01-15'
      WHERE NOT EXISTS (SELECT FROM customers) RETURNING id)
    INSERT INTO addresses (id, customerId, streetName, city, state, zipCode)
    SELECT 'ADDR001', id, '123 Main Street', 'Springfield', 'IL', '62701' FROM first ON CONFLICT DO NOTHING`);
}

const newId = (letter: "C" | "A", random: Random, clock: Clock) =>
  `${letter}${clock.stamp()}${random.digits(3)}`;

/** The id of a random row; all rows are equally likely. */
async function anyId(
  source: Database,
  random: Random,
  table: "customers" | "addresses",
): Promise<string | undefined> {
  const { rows: counted } = await source.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
  const count = Number(counted[0]?.count);
  const { rows } = await source.query<{ id: string }>(
    `SELECT id FROM ${table} ORDER BY id LIMIT 1 OFFSET $1`,
    [Math.floor(random.next() * count)],
  );
  return rows[0]?.id;
}

const insertCustomer: Operation = async (source, random, clock) => {
  const [id, address] = [newId("C", random, clock), newId("A", random, clock)];
  const person = drawPerson(random, clock.year);
  await source.query(
    "INSERT INTO customers (id, firstName, lastName, dob, email, phone) VALUES ($1, $2, $3, $4, $5, $6)",
    [id, person.firstName, person.lastName, person.born, person.email, person.phone],
  );
  await addAddress(source, random, address, id);
  await source.query("UPDATE customers SET primaryAddressId = $2, billingAddressId = $2 WHERE id = $1", [
    id,
    address,
  ]);
  return `new customer ${id} with address ${address}`;
};

const updateCustomer: Operation = async (source, random) => {
  const id = await anyId(source, random, "customers");
  if (id === undefined) return undefined;
  const what = random.pick(["email", "phone", "both"]);
  const { rows } = await source.query<{ first: string; last: string }>(
    "SELECT firstName AS first, lastName AS last FROM customers WHERE id = $1",
    [id],
  );
  const email = drawEmail(random, rows[0]?.first ?? "", rows[0]?.last ?? "");
  await source.query(
    "UPDATE customers SET email = coalesce($2, email), phone = coalesce($3, phone) WHERE id = $1",
    [id, what === "phone" ? null : email, what === "email" ? null : drawPhone(random)],
  );
  return `customer ${id}: ${what === "both" ? "email and phone" : what}`;
};

const insertAddress: Operation = async (source, random, clock) => {
  const customer = await anyId(source, random, "customers");
  if (customer === undefined) return undefined;
  const id = newId("A", random, clock);
  await addAddress(source, random, id, customer);
  const billing = random.chance(0.3);
  if (billing) await source.query("UPDATE customers SET billingAddressId = $2 WHERE id = $1", [customer, id]);
  return `new ${billing ? "billing " : ""}address ${id} of ${customer}`;
};

const updateAddress: Operation = async (source, random) => {
  const id = await anyId(source, random, "addresses");
  if (id === undefined) return undefined;
  const what = random.pick(["street", "town", "zip"]);
  const place = drawPlace(random);
  if (what === "street") {
    await source.query("UPDATE addresses SET streetName = $2 WHERE id = $1", [id, drawStreet(random)]);
  } else if (what === "town") {
    await source.query("UPDATE addresses SET city = $2, state = $3, zipCode = $4 WHERE id = $1", [
      id,
      place.city,
      place.state,
      place.zip,
    ]);
  } else {
    await source.query("UPDATE addresses SET zipCode = $2 WHERE id = $1", [id, drawZip(random)]);
  }
  return `address ${id}: ${what}`;
};

/** Only for a customer with several addresses, and never the mailing or billing address. */
const deleteAddress: Operation = async (source, random) => {
  const candidates = `FROM addresses AS a JOIN customers AS c ON c.id = a.customerId
    WHERE a.id IS DISTINCT FROM c.primaryAddressId AND a.id IS DISTINCT FROM c.billingAddressId
      AND (SELECT count(*) FROM addresses AS all_of WHERE all_of.customerId = c.id) > 1`;
  const { rows: counted } = await source.query<{ count: string }>(`SELECT count(*) ${candidates}`);
  const { rows } = await source.query<{ id: string }>(
    `SELECT a.id ${candidates} ORDER BY a.id LIMIT 1 OFFSET $1`,
    [Math.floor(random.next() * Number(counted[0]?.count))],
  );
  const id = rows[0]?.id;
  if (id === undefined) return undefined;
  await source.query("DELETE FROM addresses WHERE id = $1", [id]);
  return `deleted address ${id}`;
};

async function addAddress(source: Database, random: Random, id: string, customer: string): Promise<void> {
  const { street, city, state, zip } = drawPlace(random);
  await source.query(
    "INSERT INTO addresses (id, customerId, streetName, city, state, zipCode) VALUES ($1, $2, $3, $4, $5, $6)",
    [id, customer, street, city, state, zip],
  );
}

/** The operations, and how often in a hundred each occurs. No customer is ever deleted. */
export const OPERATIONS = [
  { weight: 15, value: insertCustomer },
  { weight: 25, value: updateCustomer },
  { weight: 20, value: insertAddress },
  { weight: 30, value: updateAddress },
  { weight: 10, value: deleteAddress },
] as const;
