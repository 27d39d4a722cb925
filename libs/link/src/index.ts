export { connect, listen } from './listen.ts';
export type { Address, ConnectOptions, Listening, ListenOptions } from './listen.ts';
export { rawSocketsAvailable } from './raw-socket.ts';
export { PENDING_HIGH_BYTES, PENDING_LOW_BYTES } from './socket.ts';
export type { ByteSocket, LinkLogger, SocketHandler } from './socket.ts';
export type { EnginePort, SessionInfo, SessionPort, SessionSink } from './types.ts';
