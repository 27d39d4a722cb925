export { importsFile } from './import-file.ts';
export { externalRights } from './log-access.ts';
export type { LogLocation } from './log-access.ts';
export { EngineNode } from './node.ts';
export type { EngineNodeOptions, NodeIdentity } from './node.ts';
