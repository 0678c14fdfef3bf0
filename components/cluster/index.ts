export * from "./access";
export * from "./etcd";
export * from "./k3s";
export * from "./pki";
