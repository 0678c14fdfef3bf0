import { beforeAll, describe } from "vitest";
import { LEASE_FAULTS, NETWORK_FAULTS } from "../../../../rigs/patroni/faults";
import { describeSurvival } from "../../../../rigs/patroni/survival";

describeSurvival("PostgreSQL under Patroni, whose network and DNS fail", ({ each, changeFailover }) => {
  each(NETWORK_FAULTS);

  describe("after a change of the lease, without a restart", () => {
    beforeAll(() => changeFailover("fast"));

    each(LEASE_FAULTS);
  });
});
