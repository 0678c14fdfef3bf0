export { type AccountSurvey, type RunningServer, surveyAccount } from "./account";
export { Addresses, type AddressesArgs, type ServerEnvironment } from "./addresses";
export { BOOTED_WITH_LABEL, clusterLabels, selectorOf } from "./labels";
export type { CostItem, MonthlyCost } from "./monthly-cost";
export { Servers, type ServersArgs } from "./servers";
