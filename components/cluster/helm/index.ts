export { type AddOn, type AddOnChoices, API_PORTS, CLUSTER_ISSUER, RETRIES, WEBHOOK } from "./add-on";
export { type InlineChart, inlineChart, type Manifest } from "./inline-chart";
