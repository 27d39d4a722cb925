import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeCommands, encodeCommands } from './commands-payload.ts';
import type { LinkCommand } from './types.ts';

const commands: LinkCommand[] = [
  { name: 'mset', arity: -3, flags: ['write', 'denyoom'], keys: [1, -1, 2] },
  {
    name: 'eval',
    arity: -3,
    flags: ['movablekeys'],
    keys: [0, 0, 0],
    specs: [{ flags: ['RW'], begin: { index: 2 }, find: { keynumIndex: 0, first: 1, step: 1 } }],
  },
  {
    name: 'config',
    arity: -2,
    flags: [],
    keys: [0, 0, 0],
    subcommands: [{ name: 'get', arity: -3, flags: [], keys: [0, 0, 0] }],
  },
  { name: 'weg', own: 'del', arity: -2, flags: ['write'], keys: [1, -1, 1] },
];

// An ingress of the same link version reads these names. A change of one of them needs a new LINK_VERSION (frame.ts).
test('the command table has the form of the document', () => {
  assert.equal(
    Buffer.from(encodeCommands({ node: 'n1', commands })).toString(),
    '{"node":"n1","commands":[{"name":"mset","arity":-3,"flags":["write","denyoom"],"keys":[1,-1,2]},' +
      '{"name":"eval","arity":-3,"flags":["movablekeys"],"keys":[0,0,0],' +
      '"specs":[{"flags":["RW"],"begin":{"index":2},"find":{"keynumIndex":0,"first":1,"step":1}}]},' +
      '{"name":"config","arity":-2,"flags":[],"keys":[0,0,0],' +
      '"subcommands":[{"name":"get","arity":-3,"flags":[],"keys":[0,0,0]}]},' +
      '{"name":"weg","own":"del","arity":-2,"flags":["write"],"keys":[1,-1,1]}]}',
  );
});

test('a command table is read back, fields that are not known are passed over, and anything else is refused', () => {
  const table = (text: string): ReturnType<typeof decodeCommands> => {
    const bytes = Buffer.from(`#${text}#`);
    return decodeCommands(bytes, 1, bytes.length - 1);
  };
  const read = (text: string): readonly LinkCommand[] | undefined => table(text)?.commands;
  assert.deepEqual(table(Buffer.from(encodeCommands({ commands })).toString()), { node: '', commands });
  assert.equal(table(JSON.stringify({ node: 7, commands })), undefined);
  assert.equal(
    read('{"later":1,"commands":[{"name":"a","arity":1,"flags":[],"keys":[0,0,0],"acl":[]}]}')?.[0].name,
    'a',
  );
  const one = { name: 'a', arity: 1, flags: [], keys: [0, 0, 0] };
  for (const bad of [
    null,
    { commands: 1 },
    { commands: [{ ...one, name: 1 }] },
    { commands: [{ ...one, own: 1 }] },
    { commands: [{ ...one, arity: 1.5 }] },
    { commands: [{ ...one, keys: [1] }] },
    { commands: [{ ...one, flags: [1] }] },
    { commands: [{ ...one, specs: [{}] }] },
    { commands: [{ ...one, subcommands: [{ ...one, subcommands: [one] }] }] },
  ])
    assert.equal(read(JSON.stringify(bad)), undefined, JSON.stringify(bad));
  assert.equal(read('{"commands":['), undefined);
});
