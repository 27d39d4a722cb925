import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allCommands } from '@weir/commands';
import type { Command } from '@weir/commands';
import { events } from '@weir/keyspace';
import { Differential, printSequence } from './differential.ts';
import { generate } from './generate.ts';
import { Gen } from './grammar.ts';
import { selectOnly } from './groups.ts';
import type { Selection } from './groups.ts';
import { EVENT_CLASSES } from './events.ts';
import { startRealRedis } from './redis-server.ts';

const STRINGS = selectOnly('string,keys');
const SETS = selectOnly('set!');

/** The commands with one that does wrong. */
function broken(name: string, run: NonNullable<Command['run']>): readonly Command[] {
  return allCommands.map((command) => (command.name === name ? { ...command, run } : command));
}

/** The shortest sequence that shows the fault, as redis-cli lines. */
async function findFault(commands: readonly Command[], rows: Selection, compareEvents = false): Promise<string[]> {
  const server = await startRealRedis(['--enable-debug-command', 'yes', '--notify-keyspace-events', EVENT_CLASSES]);
  const options = { commands, config: { 'enable-debug-command': 'yes' } };
  const differential = await Differential.connect(server.port, options, 'redis', compareEvents);
  differential.exchangesDumps = false;
  try {
    for (let seed = 1; seed < 50; seed++) {
      const sequence = generate(new Gen(seed), rows);
      if ((await differential.run(sequence)) === null) continue;
      const shrunk = await differential.shrink(sequence);
      return printSequence(shrunk.sequence)
        .split('\n')
        .filter((text) => !text.startsWith('#'));
    }
    return [];
  } finally {
    differential.close();
    await server.stop();
  }
}

test('a wrong reply is found and shrunk to the commands that it takes', async () => {
  const commands = broken('strlen', (ctx) => ctx.reply.int(ctx.lookupRead(1) === 0 ? 0 : 5));
  const fault = await findFault(commands, STRINGS);
  assert.ok(fault.length >= 1 && fault.length <= 3, fault.join('\n'));
  assert.match(fault.at(-1)!, /^strlen /i);
});

test('a change that the log does not tell is found when replies are right', async () => {
  const real = allCommands.find((command) => command.name === 'append')!.run!;
  const commands = broken('append', (ctx, req) => {
    ctx.role.becomeReplay(); // so that nothing is propagated
    real(ctx, req);
    ctx.role.becomeReplay(false);
  });
  const fault = await findFault(commands, STRINGS);
  assert.ok(fault.length >= 1 && fault.length <= 4, fault.join('\n'));
  assert.ok(fault.some((text) => /^append /i.test(text)));
});

test('an event that Redis does not publish is found when replies and the log are right', async () => {
  const real = allCommands.find((command) => command.name === 'strlen')!.run!;
  const commands = broken('strlen', (ctx, req) => {
    real(ctx, req);
    ctx.notice(events.APPEND, 1);
  });
  const fault = await findFault(commands, STRINGS, true);
  assert.equal(fault.length, 1, fault.join('\n'));
  assert.match(fault[0], /^strlen /i);
});

const realOf = (name: string): NonNullable<Command['run']> =>
  allCommands.find((command) => command.name === name)!.run!;

test('a member that is drawn and not there is found', async () => {
  const commands = broken('srandmember', (ctx, req) => {
    if (req.argc === 2 && ctx.lookupRead(1) !== 0) ctx.reply.bulkLatin1('stranger');
    else realOf('srandmember')(ctx, req);
  });
  const fault = await findFault(commands, SETS);
  assert.ok(fault.length >= 2 && fault.length <= 4, fault.join('\n'));
  assert.match(fault.at(-1)!, /^srandmember /i);
});

test('an SPOP that the log does not tell is found', async () => {
  const commands = broken('spop', (ctx, req) => {
    realOf('spop')(ctx, req);
    ctx.effects.reset();
  });
  const fault = await findFault(commands, SETS);
  assert.ok(fault.length >= 2 && fault.length <= 4, fault.join('\n'));
  assert.match(fault.at(-1)!, /^spop /i);
});

test('a scan that leaves something out is found', async () => {
  const commands = broken('sscan', (ctx) => {
    ctx.reply.array(2);
    ctx.reply.bulkLatin1('0');
    ctx.reply.array(0);
  });
  const fault = await findFault(commands, SETS);
  assert.ok(fault.length >= 1 && fault.length <= 4, fault.join('\n'));
  assert.match(fault.at(-1)!, /^sscan /i);
});
