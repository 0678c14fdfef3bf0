import type { Pin } from "../../shared/versions";
import type { AddOn } from "./add-on";

/**
 * A chart by digest from its registry, once the digest is known; until then by version from its repository, where
 * whoever can write there may change it.
 */
export function pinnedChart(
  repo: string,
  name: string,
  { version, chart, digest }: Pin,
): Pick<AddOn["spec"], "repo" | "chart" | "version"> {
  if (!digest || !chart) return { repo, chart: name, version };
  return { chart: `oci://${chart.replace(/:\{version\}$/, "")}@${digest}`, version };
}
