export { startServer } from './server.ts';
export type { Server, ServerLogger, ServerOptions } from './server.ts';
