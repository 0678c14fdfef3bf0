/** The flag by which a command talks to a cluster that is no stack's, beside `--stack`. */
export const KUBECONFIG_FLAG = { "--kubeconfig <path>": "a kubeconfig instead of the stack's" } as const;
