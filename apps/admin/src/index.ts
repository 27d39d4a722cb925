export { startAdmin } from './app.ts';
export type { AdminApp, AdminOptions } from './app.ts';
