export { PARAMETERS } from "./catalogue";
export { type ParameterValue, parameterProblem } from "./judge";
export { OWNED } from "./owned";
