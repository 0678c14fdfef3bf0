import dns from "node:dns";

/**
 * Loaded before a job: names of the cluster lead to addresses of this machine, as TEST_NAMES says in JSON, so that
 * certificates are checked against the names that clients use in the cluster.
 */
const names = new Map(Object.entries(JSON.parse(process.env.TEST_NAMES ?? "{}")));
const { lookup } = dns;

dns.lookup = (host, ...rest) => lookup(names.get(host) ?? host, ...rest);
