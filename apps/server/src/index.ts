export { startServer } from './server.ts';
export type { Server, ServerOptions } from './server.ts';
