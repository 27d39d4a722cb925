export { clientAddresses, isOptionalAddress } from './addresses.ts';
export { startIngress } from './ingress.ts';
export type { Ingress, IngressOptions } from './ingress.ts';
