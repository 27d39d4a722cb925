export { importsFile } from './import-file.ts';
export { externalRights } from './log-access.ts';
export type { LogAccess, LogLocation, OpenLog, OpenLogOptions } from './log-access.ts';
export { EngineNode } from './node.ts';
export type { EngineNodeOptions, NodeSurroundings } from './node.ts';
export type { NodeFile, NodeFiles } from './node-file.ts';
export type { RoleMemory } from './node-memory.ts';
export type { OwnLog } from './own-log.ts';
export { missingNodeFile } from './node-file.ts';
