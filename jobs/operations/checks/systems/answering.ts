import type { Readers } from "../../readers";
import { count, noneOf } from "../check";

/** Whether every address answers with a status below 400. */
export async function answeringAll(http: Readers["http"], addresses: Readonly<Record<string, string>>) {
  const wrong = await Promise.all(
    Object.entries(addresses).map(async ([name, url]) => {
      try {
        const { status } = await http.get(name, url);
        return status < 400 ? [] : [`${name} answers with status ${status}`];
      } catch (error) {
        return [error instanceof Error ? error.message : `${name}: ${String(error)}`];
      }
    }),
  );
  return noneOf(wrong.flat(), `${count(Object.keys(addresses).length, "address", "addresses")} answer`);
}
