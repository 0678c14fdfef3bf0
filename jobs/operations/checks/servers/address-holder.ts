import { check, fault, notApplicable, ok } from "../check";

export const addressHolder = check({
  id: "servers.address-holder",
  title: "the address that clients use answers",
  severity: "critical",
  means: "No server holds the floating IP, or Hetzner sends it to another: clients outside reach nothing.",
  next: "ssh root@<server> ip -brief address show dev lo",
  runbook: "docs/runbooks/floating-ip.md#who-holds-it",
  run: async ({ http }, { entrance }) => {
    if (!entrance) return notApplicable("the stack has no floating IP");
    const reached = await http.reach(entrance.host, entrance.port);
    return reached === "open"
      ? ok("it answers, as seen from inside the cluster")
      : fault(`${entrance.host}:${entrance.port} is ${reached}`);
  },
});
