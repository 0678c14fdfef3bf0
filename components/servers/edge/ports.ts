import { NODE_PORTS, SERVER_PORTS } from "../../shared/address-plan";

/** The ingress' ports and the NodePorts behind them. */
export const INGRESS = [
  { name: "http", port: SERVER_PORTS.http, nodePort: NODE_PORTS.http },
  { name: "https", port: SERVER_PORTS.https, nodePort: NODE_PORTS.https },
] as const;
