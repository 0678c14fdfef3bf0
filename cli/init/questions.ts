import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { z } from "zod";
import { hetznerTarget, LOCATIONS, settingsSchema } from "../../components/settings";
import { type Answers, environments, zones } from "./answers";

/** A value that fits, or a sentence about what is allowed. */
export type Reading<Value> = { readonly value: Value } | { readonly refused: string };

/** One answer of `trellis init`: its flag, how it is asked for, and how it is read. */
export interface Question<Value> {
  readonly flag: string;
  readonly text: { readonly question: string; readonly remark?: string };
  /** The answer if none is given; undefined where only a person knows it. */
  readonly usual?: (cwd: string) => string | undefined;
  readonly read: (given: string) => Reading<Value>;
}

type Questions = { readonly [Name in Exclude<keyof Answers, "contact">]: Question<Answers[Name]> };

const access = hetznerTarget.shape.access.shape;

/** The questions in their order. */
export const ASKED: Questions = {
  environment: {
    flag: "--environment",
    text: {
      question: "What is the stack for?",
      remark: "dev: one server, to try things out; staging: three small servers; prod: three large ones",
    },
    usual: () => "dev",
    read: oneOf(environments),
  },
  zone: {
    flag: "--zone",
    text: {
      question: "In which of Hetzner's network zones?",
      remark: [...zones]
        .map(([zone, places]) => `${zone}: ${places.map((each) => LOCATIONS[each].city).join(", ")}`)
        .join("; "),
    },
    usual: () => "eu-central",
    read: oneOf([...zones.keys()]),
  },
  domain: {
    flag: "--domain",
    text: {
      question: "Which domain is the parent of all endpoints?",
      remark: "one of yours, such as data.acme.org",
    },
    read: bySchema(settingsSchema.shape.domain),
  },
  sshKey: {
    flag: "--ssh-key",
    text: {
      question: "Which SSH key logs in to the servers?",
      remark: "a public key, or the path of its file",
    },
    usual: usualKey,
    read: readKey,
  },
  from: {
    flag: "--from",
    text: {
      question: "From where do administrators reach SSH and the Kubernetes API?",
      remark: "IPv4 addresses or ranges, separated by commas, such as 198.18.7.0/24",
    },
    read: (given) => {
      const ranges = given.split(/[\s,]+/).filter(Boolean);
      return bySchema(access.from)(ranges.map((each) => (each.includes("/") ? each : `${each}/32`)));
    },
  },
  images: {
    flag: "--images",
    text: {
      question: "Where does the program push the images that it builds?",
      remark: "a registry and a name, such as ghcr.io/acme/trellis",
    },
    usual: usualImages,
    read: bySchema(settingsSchema.shape.images.shape.repository),
  },
};

/** Not asked for: its flag counts, or else the author of git's commits, or else ops@ the domain. */
export const CONTACT = {
  flag: "--contact",
  usual: (cwd: string) => gitAnswers(cwd, ["config", "user.email"]),
  read: bySchema(settingsSchema.shape.contact),
};

function oneOf<Value extends string>(values: readonly Value[]): (given: string) => Reading<Value> {
  return (given) => {
    const value = values.find((each) => each === given.trim().toLowerCase());
    return value === undefined ? { refused: `one of ${values.join(", ")}` } : { value };
  };
}

/** Reads a value by the schema of the setting that it becomes, whose own words say what is allowed. */
function bySchema<Value>(schema: z.ZodType<Value>): (given: unknown) => Reading<Value> {
  return (given) => {
    const parsed = schema.safeParse(typeof given === "string" ? given.trim() : given);
    return parsed.success
      ? { value: parsed.data }
      : { refused: [...new Set(parsed.error.issues.map(({ message }) => message))].join("; ") };
  };
}

const SSH_FOLDER = "~/.ssh";
const untilde = (path: string) => path.replace(/^~(?=\/)/, homedir());

function usualKey(): string | undefined {
  return ["id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub"]
    .map((name) => join(SSH_FOLDER, name))
    .find((path) => existsSync(untilde(path)));
}

/** A key as it is, or the one in a file. A private key is never repeated. */
function readKey(given: string): Reading<string> {
  const form = "a public key in OpenSSH format, or the path of a file that has one";
  if (given.trim() === "") return { refused: form };
  const path = resolve(untilde(given.trim()));
  let text = given;
  if (!/^(ssh|ecdsa)-\S+ /.test(given.trim())) {
    try {
      text = readFileSync(path, "utf8");
    } catch {
      return { refused: `${form}; no file ${path} can be read` };
    }
  }
  if (text.includes("PRIVATE KEY"))
    return {
      refused: `the public half of the key, which is usually in ${path}.pub; this is the private one`,
    };
  // ssh-keygen's comment may be a sentence; the settings have room for one word.
  const [kind = "", key = "", comment] = text.trim().split(/\s+/);
  const word = comment !== undefined && /^[\w.@+-]{1,100}$/.test(comment) ? [comment] : [];
  return bySchema(access.sshKeys.element.shape.publicKey)([kind, key, ...word].join(" "));
}

/** A registry of the same owner and name as git's origin, for an origin at GitHub. */
function usualImages(cwd: string): string | undefined {
  const origin = gitAnswers(cwd, ["remote", "get-url", "origin"]) ?? "";
  const [, owner, name] = /github\.com[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?$/.exec(origin) ?? [];
  return owner && name ? `ghcr.io/${owner}/${name}`.toLowerCase() : undefined;
}

function gitAnswers(cwd: string, words: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync("git", [...words], { cwd, encoding: "utf8" });
  return status === 0 ? stdout.trim() || undefined : undefined;
}
