export type { EnginePort, SessionInfo, SessionPort, SessionSink } from './types.ts';
