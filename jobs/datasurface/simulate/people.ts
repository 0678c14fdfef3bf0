import type { Random } from "./random";

const FIRST_NAMES = split(
  "Amara Bruno Chidi Daria Elif Farid Greta Hana Ivo Jaya Kofi Lena Milo Nadia Oskar Priya Quinn Rosa Samir Tove " +
    "Umar Vera Wim Ximena Yuki Zora",
);
const LAST_NAMES = split(
  "Abbott Becker Castillo Dubois Eriksen Fischer Garcia Haddad Ivanov Jansen Kowalski Lindgren Moreau Nakamura " +
    "Okafor Petrov Quintero Rossi Schmidt Tanaka Ueda Vargas Weber Xu Yilmaz Ziegler",
);
const STREETS = split(
  "Acorn_Lane Birch_Street Canal_Road Dover_Avenue Elm_Court Ferry_Street Garden_Way Harbor_Drive Iris_Place " +
    "Juniper_Road Kiln_Lane Linden_Avenue Mill_Street North_Bridge Orchard_Row Quarry_Road River_Walk Station_Square",
);
const CITIES = split(
  "Phoenix/AZ Portland/OR Austin/TX Denver/CO Boston/MA Seattle/WA Chicago/IL Atlanta/GA Miami/FL Nashville/TN " +
    "Detroit/MI Omaha/NE Tucson/AZ Fresno/CA Boise/ID Memphis/TN Raleigh/NC Tulsa/OK Albany/NY Madison/WI",
);
const MAIL_DOMAINS = split(
  "example.com example.org example.net mail.example post.example letters.example home.example work.example " +
    "inbox.example",
);

interface Place {
  readonly street: string;
  readonly city: string;
  readonly state: string;
  readonly zip: string;
}

interface Person {
  readonly firstName: string;
  readonly lastName: string;
  /** ISO date; ages are between 18 and 80. */
  readonly born: string;
  readonly email: string;
  readonly phone: string;
}

export function drawPerson(random: Random, year: number): Person {
  const [firstName, lastName] = [random.pick(FIRST_NAMES), random.pick(LAST_NAMES)];
  const two = (value: number) => String(value).padStart(2, "0");
  return {
    firstName,
    lastName,
    born: `${year - random.between(18, 80)}-${two(random.between(1, 12))}-${two(random.between(1, 28))}`,
    email: drawEmail(random, firstName, lastName),
    phone: drawPhone(random),
  };
}

export function drawEmail(random: Random, firstName: string, lastName: string): string {
  const [first, last] = [firstName.toLowerCase(), lastName.toLowerCase()];
  const name = random.pick([
    `${first}.${last}`,
    `${first}${random.between(1, 999)}`,
    `${first.charAt(0)}${last}`,
    `${last}.${first}${random.between(1, 99)}`,
  ]);
  return `${name}@${random.pick(MAIL_DOMAINS)}`;
}

export const drawPhone = (random: Random) => `${random.digits(3)}-${random.digits(3)}-${random.digits(4)}`;

export const drawStreet = (random: Random) =>
  `${random.between(1, 9999)} ${random.pick(STREETS).replaceAll("_", " ")}`;

export const drawZip = (random: Random) => String(random.between(10000, 99999));

export function drawPlace(random: Random): Place {
  const [city = "", state = ""] = random.pick(CITIES).split("/");
  return { street: drawStreet(random), city, state, zip: drawZip(random) };
}

/** The words as a non-empty list. */
function split(words: string): readonly [string, ...string[]] {
  const [first = words, ...rest] = words.split(" ");
  return [first, ...rest];
}
