export { haproxyAlerts } from "./alerts";
export { type EdgeServer, type HaproxyArgs, haproxyConfig } from "./haproxy-config";
export { HAPROXY_CONFIG_FILE, haproxyPart } from "./haproxy-part";
export { type KeepalivedArgs, keepalivedConfig, priorityOf } from "./keepalived-config";
export { KEEPALIVED_CONFIG_FILE, keepalivedPart } from "./keepalived-part";
export { INGRESS } from "./ports";
