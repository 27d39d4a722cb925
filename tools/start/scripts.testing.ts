// Which process it is and what it was given: scripts.test.ts runs it in the place of the scripts of package.json.
process.stdout.write(`${[process.pid, ...process.argv.slice(2)].join(' ')}\n`);
