export { checkoutRoot, findNatsServer } from './toolchain.ts';
