export { ClusterDns, clusterDnsPods } from "./cluster-dns";
export { AddOns, type AddOnsArgs } from "./installed-add-ons";
