export { IngressMiddlewares } from "./ingress-middlewares";
export { type Audience, middlewareAnnotations, middlewares } from "./middlewares";
