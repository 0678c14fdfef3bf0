import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LEAST_MEMORY_MIB, memoryParameters } from "../../../../../components/data/postgres/members/memory";

const mib = (text: string) => Number(text.replace("MB", ""));

describe("PostgreSQL's memory", () => {
  it("stays below the container's limit with all connections open and one in eight sorting", () => {
    fc.assert(
      fc.property(fc.integer({ min: LEAST_MEMORY_MIB, max: 256 * 1024 }), (limit) => {
        const parameters = memoryParameters(limit);
        const busy =
          mib(parameters.shared_buffers) +
          parameters.max_connections * 5 +
          (parameters.max_connections / 8) * mib(parameters.work_mem);

        expect(busy).toBeLessThan(limit);
      }),
    );
  });

  it("grows with the limit and never shrinks", () => {
    const sizes = [512, 1024, 2048, 4096, 16_384].map((limit) => memoryParameters(limit));

    expect(sizes.map(({ max_connections }) => max_connections)).toEqual([40, 43, 94, 196, 500]);
    expect(sizes.map(({ shared_buffers }) => shared_buffers)).toEqual([
      "88MB",
      "216MB",
      "472MB",
      "984MB",
      "4056MB",
    ]);
  });
});
