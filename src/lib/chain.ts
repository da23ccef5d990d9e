// Middleware as plain functions: a request goes down as an argument and its answer up as a return value.
export type Handler<Req, Res> = (req: Req) => Promise<Res>;
export type Middleware<Req, Res> = (req: Req, next: Handler<Req, Res>) => Promise<Res>;
export const chain = <Req, Res>(middlewares: readonly Middleware<Req, Res>[], handler: Handler<Req, Res>) =>
  middlewares.reduceRight<Handler<Req, Res>>((next, middleware) => (req) => middleware(req, next), handler);
