import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { problem } from "./checks";

/** Servers to which no network outside of the cluster leads. */
const WITHIN = /^(127(\.\d{1,3}){3}|localhost|[a-z0-9-]+(\.[a-z0-9-]+)?\.svc(\.cluster\.local)?):\d+$/;

/** Checks that a password is never sent to a server that has not proved who it is, except within the cluster. */
export function checkDatasurface({ datasurface }: { datasurface: Settings["datasurface"] }): Problem[] {
  return Object.entries((datasurface || undefined)?.logins ?? {}).flatMap(
    ([name, { hosts, tls, authority }]) => {
      const path = ["datasurface", "logins", name];
      const outside = hosts.filter((host) => !WITHIN.test(host));
      return [
        ...(tls === "disable" && outside.length > 0
          ? [problem([...path, "tls"], tls, `verify-full for ${outside.join(", ")}, outside of the cluster`)]
          : []),
        ...(tls === "verify-full" && authority === undefined
          ? [problem([...path, "authority"], undefined, "the CA certificates (PEM) of these servers")]
          : []),
      ];
    },
  );
}
