// placeholder
export interface AgentEvents {
  apply(): Promise<void>;
}
export const createAgentEvents = (_deps: unknown): AgentEvents => ({ apply: () => Promise.resolve() });
