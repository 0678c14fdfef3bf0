export { type AddOn, type AddOnChoices, CLUSTER_ISSUER, RETRIES, WEBHOOK } from "./add-on";
export { addOnObjects, helmChart } from "./helm-chart";
export { type InlineChart, inlineChart, type Manifest } from "./inline-chart";
export { pinnedChart } from "./pinned-chart";
