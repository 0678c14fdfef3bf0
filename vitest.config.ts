import { defineConfig } from "vitest/config";

/** Support windows are compared with this day, so that no test begins to fail when a pin comes to its end. */
process.env.SOURCE_DATE_EPOCH = String(Date.UTC(2026, 10, 21) / 1000);

/** The jobs run in tests as they run in their image. */
const BUNDLED_JOBS = "test/rigs/jobs/bundled.ts";
const KEPT_EVALUATIONS = "test/rigs/platform/kept-evaluations.ts";

const COMMON = {
  setupFiles: ["cli/pulumi-monitor/lazy-arborist.ts"],
  // In CI each file of services and engine has a run of its own, which would transform the same 400 modules again.
  experimental: { fsModuleCache: true },
  // Evaluated stacks make much garbage that lives for a moment.
  execArgv: ["--max-semi-space-size=64"],
};

/**
 * Four kinds of test, by what they need:
 * - unit: nothing but Node;
 * - integration: real readers of our artefacts and a real PostgreSQL, quick enough for every `npm test`;
 * - services: whole clusters of real programs on loopback (`test/services`);
 * - engine: the real Pulumi engine with stand-in providers.
 */
export default defineConfig({
  test: {
    reporters: process.env.TRELLIS_TEST_REPORT
      ? ["default", ["json", { outputFile: process.env.TRELLIS_TEST_REPORT }]]
      : ["default"],
    projects: [
      {
        test: {
          ...COMMON,
          name: "unit",
          isolate: false, // to import the modules of Pulumi again for each file took most of the time
          include: ["test/unit/**/*.test.ts"],
          globalSetup: KEPT_EVALUATIONS,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          ...COMMON,
          name: "integration",
          isolate: false, // as for unit
          include: ["test/integration/**/*.test.ts"],
          globalSetup: ["test/rigs/postgres/global-setup.ts", BUNDLED_JOBS, KEPT_EVALUATIONS],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          ...COMMON,
          name: "services",
          include: ["test/services/**/*.test.ts"],
          globalSetup: [BUNDLED_JOBS, KEPT_EVALUATIONS],
          testTimeout: 600_000,
          hookTimeout: 1_800_000, // a cluster at the addresses of production waits for the one before it
        },
      },
      {
        test: {
          ...COMMON,
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
