export { importsFile } from './import-file.ts';
export { externalRights } from './log-access.ts';
export type { LogLocation } from './log-access.ts';
export { EngineNode } from './node.ts';
export type { EngineNodeOptions } from './node.ts';
export type { RoleMemory } from './node-memory.ts';
export type { OwnLog } from './own-log.ts';
export { missingNodeFile } from './node-file.ts';
