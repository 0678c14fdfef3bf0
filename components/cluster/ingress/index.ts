export { IngressMiddlewares } from "./ingress-middlewares";
export { IngressRights } from "./ingress-rights";
export { type Audience, middlewareAnnotations, middlewares } from "./middlewares";
