import { PROGRAM_FAULTS } from "../../../../rigs/patroni/faults";
import { describeSurvival } from "../../../../rigs/patroni/survival";

describeSurvival("PostgreSQL under Patroni, whose programs and servers fail", ({ each }) => {
  each(PROGRAM_FAULTS);
});
