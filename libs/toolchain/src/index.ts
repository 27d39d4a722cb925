export { checkoutRoot, findNatsServer, isNatsServerNewEnough, natsServerVersionMin } from './toolchain.ts';
