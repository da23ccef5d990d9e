// The registry of what this process counts: the recorder and the event loop's watch register their families in it, the
// exposition serves them.
import { Registry } from "prom-client";

export const createRegistry = (): Registry => new Registry();
