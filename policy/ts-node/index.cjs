// Pulumi's runner of policy packs always calls ts-node, whose compiler TypeScript 7 does not have any more. npm links this
// package as `ts-node`, so the runner calls it instead, and tsx loads the pack, as it loads all sources of the project.
exports.VERSION = require("./package.json").version;
exports.register = () => {
  require("tsx/cjs");
};
