import { addressHolder } from "./address-holder";
import { apiAnswers } from "./api-answers";
import { clock } from "./clock";
import { disk } from "./disk";
import { pressure } from "./pressure";
import { registered } from "./registered";

export const servers = [registered, apiAnswers, pressure, disk, clock, addressHolder];
