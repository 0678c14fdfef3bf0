import { expect, it } from "vitest";
import { overlayAddresses } from "../../../../../components/servers/k3s/overlay";
import { cidr } from "../../../../../components/settings";

it("knows the first address of every share that a server can have of the pods' range", () => {
  const shares = overlayAddresses(cidr.parse("10.42.0.0/16"));
  expect(shares).toHaveLength(256);
  expect([shares[0], shares[1], shares[255]]).toEqual(["10.42.0.0", "10.42.1.0", "10.42.255.0"]);
  expect(overlayAddresses(cidr.parse("172.31.254.0/23"))).toEqual(["172.31.254.0", "172.31.255.0"]);
  expect(overlayAddresses(cidr.parse("192.168.7.0/24"))).toEqual(["192.168.7.0"]);
});
