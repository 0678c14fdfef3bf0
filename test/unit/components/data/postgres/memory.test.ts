import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  LEAST_MEMORY_MIB,
  memoryParameters,
  sharedMemoryMib,
} from "../../../../../components/data/postgres/members/memory";

const mib = (text: string) => Number(text.replace("MB", ""));

describe("PostgreSQL's memory", () => {
  it("stays below the container's limit with all sessions open, one in eight hashing, and every vacuum at work", () => {
    fc.assert(
      fc.property(fc.integer({ min: LEAST_MEMORY_MIB, max: 256 * 1024 }), (limit) => {
        const parameters = memoryParameters(limit);
        const hashing = parameters.max_connections / 8 + parameters.max_parallel_workers;
        const busy =
          160 + // Patroni and the background processes
          mib(parameters.shared_buffers) +
          parameters.max_connections * 5 +
          hashing * mib(parameters.work_mem) * parameters.hash_mem_multiplier +
          mib(parameters.maintenance_work_mem) +
          parameters.autovacuum_max_workers * mib(parameters.autovacuum_work_mem);

        expect(busy).toBeLessThan(limit);
      }),
    );
  });

  it("has room in /dev/shm for parallel hashes, and counts it as theirs", () => {
    for (const limit of [LEAST_MEMORY_MIB, 1024, 4096, 65_536]) {
      const { work_mem, hash_mem_multiplier, max_parallel_workers_per_gather } = memoryParameters(limit);
      const oneQuery = mib(work_mem) * hash_mem_multiplier * (max_parallel_workers_per_gather + 1);
      expect(sharedMemoryMib(limit)).toBeGreaterThanOrEqual(oneQuery);
      expect(sharedMemoryMib(limit)).toBeLessThanOrEqual(Math.max(64, limit / 4));
    }
  });

  it("grows with the limit and never shrinks", () => {
    const sizes = [512, 1024, 2048, 4096, 16_384].map((limit) => memoryParameters(limit));

    expect(sizes.map(({ max_connections }) => max_connections)).toEqual([26, 64, 100, 100, 400]);
    expect(sizes.map(({ work_mem }) => work_mem)).toEqual(["6MB", "9MB", "14MB", "29MB", "37MB"]);
    expect(sizes.map(({ shared_buffers }) => shared_buffers)).toEqual([
      "88MB",
      "216MB",
      "472MB",
      "984MB",
      "4056MB",
    ]);
  });
});
