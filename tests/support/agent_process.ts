// b3scaleagent as a service manager runs it.
import { type ProgramOptions, type ProgramProcess, runProcess } from "./program_process.ts";

export type AgentProcess = ProgramProcess;

export const runAgent = (options: ProgramOptions): AgentProcess => runProcess("agent/main.ts", options);
