// placeholder
export interface Heartbeats {
  beat(backendID: string): void;
}
export const createHeartbeats = (_deps: unknown): Heartbeats => ({ beat: () => {} });
