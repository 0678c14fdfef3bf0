export { ImagePolicy, type ImagePolicyArgs } from "./image-policy";
