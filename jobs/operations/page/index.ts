export { servePage } from "./serve";
export { statusPage } from "./status-page";
