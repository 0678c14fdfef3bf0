export { base64, type EtcdAccess, EtcdGateway, endOfPrefix, fromBase64, range } from "./gateway";
