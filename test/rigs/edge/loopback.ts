import { execFileSync } from "node:child_process";
import { program } from "../programs";

const ip = (...words: string[]) => execFileSync(program("ip"), words, { stdio: "pipe" });

/**
 * Gives this machine further addresses, so that a test can come from any of them: EndpointSlices allow none of loopback,
 * and ranges in the settings are public. Returns what takes them away again.
 */
export function addAddresses(addresses: readonly string[]): () => void {
  const added = addresses.filter((address) => {
    try {
      ip("address", "add", `${address}/32`, "dev", "lo");
      return true;
    } catch (error) {
      if (String((error as { stderr?: unknown }).stderr).includes("File exists")) return false;
      throw error;
    }
  });
  return () => {
    for (const address of added) ip("address", "delete", `${address}/32`, "dev", "lo");
  };
}
