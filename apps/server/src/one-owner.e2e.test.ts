// One process per folder, also where a pid says nothing: in containers, each of which has a process 1.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf, isAlive, isPortFree, signal, until, withRig } from '@weir/testkit';

const CONTAINER = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] as const;
const mayUnshare = spawnSync(CONTAINER[0], [...CONTAINER.slice(1), 'true']).status === 0;

/** What a refused start could have changed. The log file of NATS grows by itself. */
function contents(dir: string): string[] {
  return ['weir-node.json', 'weir.owner', 'nats/weir.owner', 'nats/embedded.json', 'nats/nats-server.conf'].map(
    (file) => readFileSync(join(dir, file), 'utf8'),
  );
}

withRig(
  'of starts at the same instant on one folder exactly one serves, and a killed owner keeps nobody out',
  async (rig) => {
    const dir = join(rig.folder, 'shared');
    const nodes = await Promise.all(['a', 'b', 'c'].map((name) => rig.node(name, { dir })));
    for (const node of nodes) node.spawn();
    const winner = await until('two of three to end', () => {
      const running = nodes.filter((node) => node.isRunning);
      assert.notEqual(running.length, 0);
      return running.length === 1 ? running[0] : undefined;
    });
    await winner!.answers();
    await winner!.online();
    for (const node of nodes) {
      if (node === winner) continue;
      const { code, said } = await node.ended();
      assert.equal(code, 1);
      assert.match(said, /cannot start: .*shared is in use by /);
    }
    await winner!.call('SET', 'key', 'value');
    await winner!.kill();
    const next = nodes.find((node) => node !== winner)!;
    await next.start();
    assert.equal(await next.call('GET', 'key'), 'value');
  },
);

withRig('an engine on its own refuses the folder of another node', async (rig) => {
  const node = await rig.started('node');
  const engine = await rig.node('engine', {
    script: 'apps/engine/src/main.ts',
    args: ['--dir', node.dir, '--nats-url', 'nats://127.0.0.1:1', '--link-listen', join(rig.folder, 'link')],
  });
  const { code, said } = await engine.spawn().ended();
  assert.equal(code, 1);
  assert.match(said, new RegExp(`cannot start: .* is in use by process ${node.pid} on host `));
  assert.equal(existsSync(join(rig.folder, 'link')), false);
});

// unshare needs rights that not every machine gives to tests; there the kernel's lock is tested without containers, above.
if (mayUnshare) {
  withRig('a second container on the folder of a running one is refused and touches nothing', async (rig) => {
    const first = await rig.started('first', { under: CONTAINER });
    await first.call('SET', 'key', 'value');
    const before = contents(first.dir);
    const files = readdirSync(first.dir);
    const second = await rig.node('second', { dir: first.dir, under: CONTAINER });
    const { code, said } = await second.spawn().ended();
    assert.equal(code, 1);
    assert.match(said, /cannot start: .*first is in use by process 1 on host /);
    assert.equal(await isPortFree(second.port), true);
    assert.deepEqual(contents(first.dir), before);
    assert.deepEqual(readdirSync(first.dir), files);
    assert.equal(await first.call('SET', 'key', 'value2'), 'OK');
    // The container is killed with all that is in it: the next one starts at once.
    await first.kill();
    await second.start();
    assert.equal(await second.call('GET', 'key'), 'value2');
  });

  withRig('a nats-server that outlived its owner in another container is never joined by a second one', async (rig) => {
    // A container whose process 1 lives on when the server in it is killed.
    const first = await rig.started('first', { under: [...CONTAINER, 'sh', '-c', '"$@" & wait; sleep 1000', 'sh'] });
    await first.call('SET', 'key', 'value');
    const [init] = childrenOf(first.pid);
    const [server] = childrenOf(init!.pid);
    const nats = childrenOf(server!.pid).find((one) => one.command.includes('nats-server.conf'))!;
    signal(server!.pid, 'SIGKILL');
    await until('the server to be gone', () => !isAlive(server!.pid));
    assert.equal(isAlive(nats.pid), true);
    const second = await rig.node('second', { dir: first.dir, under: CONTAINER });
    const { code, said } = await second.spawn().ended();
    assert.equal(code, 1);
    assert.match(said, /cannot start: a nats-server that an earlier owner of .* end the container that it is in/);
    assert.equal(isAlive(nats.pid), true);
    // From outside the container it is seen, though its pid is another one than in the pid file.
    const third = await rig.started('third', { dir: first.dir });
    assert.equal(isAlive(nats.pid), false);
    assert.equal(await third.call('GET', 'key'), 'value');
    assert.equal(third.logged(/had outlived its owner/).length, 1);
  });
}
