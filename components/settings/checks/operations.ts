import type { Problem } from "../problems";
import type { Settings } from "../schema";
import { openToTheInternet } from "../values";
import type { Draft, HetznerDraft } from "./checks";
import { problem } from "./checks";

type Access = NonNullable<HetznerDraft["access"]>;

/** Who a stack's ingress lets through to pages for administrators. */
export interface Visitors {
  readonly kind: Settings["target"]["kind"] | undefined;
  /** Of servers of ours. */
  readonly access?: Access | undefined;
  /** Of an existing cluster whose ingress is Traefik. */
  readonly traefik?: { readonly web: Access["from"] } | undefined;
}

/** The status page has no login, so the ingress must limit who opens it. */
export function checkOperations(
  { operations }: Pick<Draft, "operations">,
  { kind, access, traefik }: Visitors,
): Problem[] {
  if (!operations?.page) return [];
  const path = ["operations", "page"];
  if (kind === "existing") {
    if (traefik && !openToTheInternet(traefik.web)) return [];
    return [
      problem(
        path,
        true,
        "on an existing cluster only with target.traefik.web, and ranges of your own in it: the page has no login",
        "set it, or leave the page out",
      ),
    ];
  }
  const ranges = access?.web ?? access?.from;
  if (!ranges || !openToTheInternet(ranges)) return [];
  return [
    problem(
      path,
      true,
      "only while target.access.web, or else target.access.from, names ranges of your own: the page has no login",
      "name your ranges there, or leave the page out",
    ),
  ];
}
