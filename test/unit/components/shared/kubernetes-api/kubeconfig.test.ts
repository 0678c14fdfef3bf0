import { describe, expect, it } from "vitest";
import { apiAccess, renderKubeconfig } from "../../../../../components/shared/kubernetes-api/kubeconfig";

const rendered = renderKubeconfig({
  cluster: "trellis",
  server: "https://203.0.113.7:6443",
  authority: "the authority",
  client: { cert: "the certificate", key: "the key" },
});

describe("a kubeconfig", () => {
  it("carries all that a client needs", () => {
    expect(apiAccess(rendered)).toEqual({
      server: new URL("https://203.0.113.7:6443"),
      authority: "the authority",
      client: { cert: "the certificate", key: "the key" },
      insecure: false,
    });
  });

  it("of an existing cluster is read in the context that was asked for", () => {
    const two = rendered.replace(
      "contexts:",
      'contexts:\n  - {name: other, context: {cluster: trellis, user: "nobody"}}',
    );

    expect(() => apiAccess(two, "other")).toThrow(
      /no user called "nobody" \(it has: trellis-administrator\)/,
    );
    expect(apiAccess(two, "trellis").client).toBeDefined();
  });

  it.each([
    ["", /no context called undefined \(it has: none\)/],
    ["a: [", /it is not YAML/],
    [rendered.replace("https://203.0.113.7:6443", "nowhere"), /server is "nowhere", not a URL/],
    [rendered.replace("client-key-data", "client-key"), /client-key is a file name/],
    [
      rendered.replace("current-context: trellis", "current-context: gone"),
      /no context called "gone" \(it has: trellis\)/,
    ],
  ])("that cannot be used is refused by what is wrong with it (%#)", (kubeconfig, message) => {
    expect(() => apiAccess(kubeconfig)).toThrow(message);
    expect(() => apiAccess(kubeconfig)).toThrow(/kubectl config view --minify --flatten/);
  });

  it("is never quoted by an error, for it holds a key", () => {
    const broken = `${rendered}\n  oops: [the key`;

    expect(() => apiAccess(broken)).toThrow(/^(?!.*the key).*$/s);
  });
});
