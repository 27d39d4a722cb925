export { importsFile } from './import-file.ts';
export type { LogLocation } from './log-access.ts';
export { EngineNode } from './node.ts';
export type { EngineNodeOptions, NodeIdentity } from './node.ts';
export { missingNodeFile } from './node-file.ts';
