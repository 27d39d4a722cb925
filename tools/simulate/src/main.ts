import { simulate } from './world.ts';

const args = process.argv.slice(2);
const seed = Number(args[0] ?? 1);
const print = args.includes('--trace') ? (line: string) => process.stdout.write(line) : undefined;
const started = performance.now();
const result = await simulate({ seed, ...(print ? { print } : {}) });
console.log(JSON.stringify(result, null, 1), Math.round(performance.now() - started), 'ms');
process.exit(0);
