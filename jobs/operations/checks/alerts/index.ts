import { evaluated } from "./evaluated";
import { firing } from "./firing";
import { targets } from "./targets";

export const alerts = [firing, evaluated, targets];
