import { UserError } from "../../shared/user-error";
import type { MachineBinary, MachinePart } from "./part";

const NAME = /^[a-z][a-z0-9_-]{0,30}$/;
const PACKAGE = /^[a-z0-9][a-z0-9+.-]{1,60}$/;
const PATH = /^\/[A-Za-z0-9@._/-]{1,98}$/;
const URL = /^https:\/\/[A-Za-z0-9.:/_%+~-]+$/;
const OWNER = /^[a-z][a-z0-9-]{0,30}(:[a-z][a-z0-9-]{0,30})?$/;
const MEMBER = /^[A-Za-z0-9._/-]{1,200}$/;
const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Refuses parts that cannot be installed: conflicting paths, malformed names, downloads without a digest. Names are not
 * quoted in the shell scripts, so a name that needs quoting is refused too.
 */
export function checkParts(parts: readonly MachinePart[]): void {
  const seen = new Map<string, string>();
  const once = (part: string, what: string) => {
    const earlier = seen.get(what);
    if (earlier !== undefined) throw new Error(`machine part ${part}: ${what} already belongs to ${earlier}`);
    seen.set(what, part);
  };
  for (const part of parts) {
    matches(part.name, NAME, "name of a machine part");
    once(part.name, `the name ${part.name}`);
    for (const name of part.packages ?? []) matches(name, PACKAGE, `package of machine part ${part.name}`);
    for (const name of part.users ?? []) matches(name, NAME, `user of machine part ${part.name}`);
    for (const binary of part.binaries ?? []) {
      checkBinary(part.name, binary);
      once(part.name, binary.path);
    }
    for (const file of [...(part.files ?? []), ...(part.directories ?? [])]) {
      matches(file.path, PATH, `path of machine part ${part.name}`);
      matches(file.owner ?? "root", OWNER, `owner of ${file.path}`);
      once(part.name, file.path);
    }
  }
}

function checkBinary(part: string, { path, url, sha256, member }: MachineBinary): void {
  matches(path, PATH, `path of machine part ${part}`);
  matches(url, URL, `download of ${path}`);
  matches(member ?? "member", MEMBER, `member of ${url}`);
  if (!SHA256.test(sha256)) {
    throw new UserError(
      `${path}: "${sha256}" is not a SHA-256 (64 lower-case hexadecimal digits); unchecked downloads are refused.\n` +
        `Pin the output of: curl -fsSL '${url}' | sha256sum`,
    );
  }
}

function matches(value: string, form: RegExp, what: string): void {
  if (!form.test(value)) throw new Error(`${what}: "${value}" does not match ${form.source}`);
}
