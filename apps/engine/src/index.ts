export { Engine } from './engine.ts';
export type { Committer } from './engine.ts';
export { importsFile } from './import-file.ts';
export { LogAccess } from './log-access.ts';
export type { LogLocation } from './log-access.ts';
export { EngineNode } from './node.ts';
export type { EngineNodeOptions, NodeIdentity } from './node.ts';
