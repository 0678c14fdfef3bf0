export { ClusterDns } from "./cluster-dns";
export { AddOns, type AddOnsArgs } from "./installed-add-ons";
