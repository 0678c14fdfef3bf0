// Adds up the phases of .ci/run: prints what failed, then the one closing line, and fails where anything has.
//
//   node .ci/tally.mjs <ledger>      one phase a line: name, exit code, vitest's JSON report or "-", apart by tabs.
// In place of the exit code: "left out", for what a slow machine had no time for.

import { existsSync, readFileSync } from "node:fs";
import { stripVTControlCharacters } from "node:util";

const total = { passed: 0, failed: 0, skipped: 0 };
/** So many lines of each failure, from its beginning and from its end: all that may be left of a long log is these. */
const LINES = 15;

const fail = (what, messages = []) => {
  total.failed += 1;
  console.log(`failed: ${what}`);
  const lines = stripVTControlCharacters(messages.join("\n")).split("\n").filter(Boolean);
  const shown = lines.filter((_, index) => index < LINES || index >= lines.length - LINES);
  for (const line of shown) console.log(`    ${line.slice(0, 400)}`);
};

for (const line of readFileSync(process.argv[2], "utf8").split("\n").filter(Boolean)) {
  const [phase, exitCode, report] = line.split("\t");
  const failedBefore = total.failed;
  if (exitCode === "left out") {
    total.skipped += 1;
    console.log(`left out, no time for it: ${phase}`);
    continue;
  }
  if (report !== "-") {
    if (existsSync(report)) addReport(JSON.parse(readFileSync(report, "utf8")));
    else fail(`${phase}: left no report`);
  }
  // A runner may fail without a test that does: a crash, an error between tests, a limit.
  if (exitCode !== "0" && total.failed === failedBefore) fail(`${phase}: exit code ${exitCode}`);
}
if (total.passed === 0) fail("no test has passed");

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;

function addReport({ testResults }) {
  for (const { name, status, assertionResults, message } of testResults) {
    const failedBefore = total.failed;
    for (const test of assertionResults) {
      if (test.status === "passed") total.passed += 1;
      else if (test.status === "failed") fail(`${name}: ${test.fullName}`, test.failureMessages);
      else total.skipped += 1;
    }
    // A file that could not be loaded, or a hook that threw, has no failed test of its own.
    if (status === "failed" && total.failed === failedBefore) fail(`${name}: ${message || "a hook failed"}`);
  }
}
