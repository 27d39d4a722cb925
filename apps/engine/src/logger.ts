export type { EventLogger as Logger } from '@weir/telemetry';
