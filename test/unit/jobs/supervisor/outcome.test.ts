import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { terminationMessage, writeTerminationMessage } from "../../../../jobs/supervisor/outcome";
import { countOf } from "../../../rigs/counts";

const folder = mkdtempSync(join(tmpdir(), "trellis-outcome-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the termination message", () => {
  it("is one line of JSON in the file that TERMINATION_LOG names", () => {
    const path = join(folder, "message");
    writeTerminationMessage({ code: -1, error: "no\nluck" }, { TERMINATION_LOG: path });

    expect(readFileSync(path, "utf8")).toBe('{"code":-1,"error":"no\\nluck"}\n');
  });

  it("never grows past what Kubernetes keeps, whatever the error says, and stays readable JSON", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 9000, size: "max" }), (error) => {
        const message = terminationMessage({ code: -1, error });
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4000);
        expect(JSON.parse(message)).toMatchObject({ code: -1 });
      }),
      { numRuns: countOf({ usual: 20, full: 50 }) },
    );
  });
});
