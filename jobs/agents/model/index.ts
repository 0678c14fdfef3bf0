export { BadAnswer, BudgetSpent, CallRefused, RateSpent } from "./errors";
export { type Message, type Meter, Model, type ModelAnswer, type Question, type Usage } from "./model";
