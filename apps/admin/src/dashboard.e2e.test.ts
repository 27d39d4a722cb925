import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signal, until, withRig } from '@weir/testkit';
import { Browser } from './browser.testing.ts';
import type { Tab } from './browser.testing.ts';

const OPERATE = 'operate-0123456789';
/** What a page that makes markup of bytes would run. */
const HOSTILE = '<img src=x onerror="window.stolen=1">';

/** What is written to the token field, typed as a person does, and Enter. */
async function enterToken(tab: Tab, token: string): Promise<void> {
  await until('the page to ask for a token', async () => (await tab.text('main h2')) === 'A token, please');
  await until('the field to have the focus', async () => (await tab.run('document.activeElement.name')) === 'token');
  await tab.type(token);
  await tab.press('Enter');
}

withRig(
  'the dashboard shows the cluster live, at any width, with hostile keys as text, and works by keyboard',
  async (rig) => {
    const master = await rig.started('master', { more: ['--save', ''] });
    const slave = await rig.started('slave', { slaveOf: master, more: ['--save', ''] });
    await master.call('SET', HOSTILE, `<script>window.stolen=2</script>${HOSTILE}`);
    await master.call('HSET', 'user:1', HOSTILE, HOSTILE);
    await master.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0');
    await master.call('GET', HOSTILE);
    const tokens = join(rig.folder, 'tokens');
    writeFileSync(tokens, `operate ${OPERATE} on-call\n`, { mode: 0o600 });
    const admin = await rig.node('admin', {
      script: 'apps/admin/src/main.ts',
      args: ['--admin-port', '0', '--admin-token-file', tokens, '--dir', rig.folder],
      more: ['--replicaof', '127.0.0.1', String(master.port)],
    });
    admin.spawn();
    const url = await until('its address', () => /"url":"(http:[^"]+)"/.exec(admin.lines.join('\n'))?.[1]);
    await until('the admin app to be ready', async () => (await fetch(`${url}/readyz`)).ok);
    const browser = await Browser.start();
    rig.onEnd(() => browser.stop());
    const tab = await browser.open(`${url}/`, { width: 1280, height: 900 });

    await enterToken(tab, 'wrong-0123456789abc');
    await until('the wrong token to be told', async () => /not known/.test(await tab.text('[role=alert]')));
    await tab.run('document.querySelector("input[name=token]").value = ""');
    await enterToken(tab, OPERATE);
    // What came so far are the answers to requests without a token and with a wrong one.
    await until('the slave to be shown', async () => (await tab.text('.node.slave .state')) === 'online');
    assert.ok(
      tab.complaints.every((one) => one.includes('401')),
      tab.complaints.join('\n'),
    );
    tab.complaints.length = 0;
    assert.match(await tab.text('.node.master .address'), new RegExp(`:${master.port}$`));
    await until('the data to be live', async () => (await tab.text('.fresh')) === 'live');
    await until(
      'the charts to be drawn',
      async () => (await tab.run<number>('document.querySelectorAll("canvas").length')) === 6,
    );

    // Nobody's data is older than two seconds without saying so.
    signal(admin.pid, 'SIGSTOP');
    await until('the age to be told', async () => /^\d+ s old/.test(await tab.text('.fresh')));
    assert.equal(await tab.run('document.querySelector("main").className'), 'stale');
    signal(admin.pid, 'SIGCONT');
    await until('it to be live again', async () => (await tab.text('.fresh')) === 'live');

    signal(slave.pid, 'SIGSTOP');
    await master.call('SET', 'late', '1');
    await until('the slave to be missed', async () => /node-silent/.test(await tab.text('.alerts')));
    signal(slave.pid, 'SIGCONT');
    await until('the alert to be over', async () => (await tab.text('.allclear')) !== '');
    await until('the events to tell it', async () => /node-silent is over/.test(await tab.text('.events')));

    // By keyboard: to the second view, through the form, to the key.
    await tab.run('document.querySelector("nav a[href=\\"#keys\\"]").focus()');
    await tab.press('Enter');
    await until('the keys view', async () => (await tab.text('nav [aria-current]')) === 'Keys');
    await tab.run('document.querySelector("[name=pattern]").focus()');
    await tab.type('*onerror*');
    await tab.press('Enter');
    await until('the hostile key to be text', async () => (await tab.text('button.key')) === HOSTILE);
    await tab.run('document.querySelector("button.key").focus()');
    await tab.press('Enter');
    await until('its value to be text', async () =>
      (await tab.text('.value pre')).startsWith('<script>window.stolen=2'),
    );
    await tab.run('document.querySelector(".value button.danger").click()');
    await until('to be asked', async () => (await tab.text('dialog[open] h2')) === 'Delete this key?');
    await tab.press('Escape');
    await until('Escape to leave it', async () => (await tab.text('dialog')) === '');
    assert.equal(await master.call('EXISTS', HOSTILE), 1);
    await tab.run('document.querySelector(".value button.danger").click()');
    await until('to be asked again', async () => (await tab.text('dialog[open] h2')) !== '');
    await tab.run('document.querySelector("dialog button.danger").click()');
    await until('the key to be gone', async () => (await master.call('EXISTS', HOSTILE)) === 0);

    await tab.run('location.hash = "#slowlog"');
    await until('the slow log to be text', async () => (await tab.text('table')).includes(HOSTILE));
    await tab.run('location.hash = "#console"');
    await until('the console', async () => (await tab.run('document.activeElement.id')) === 'command');
    await tab.type('HGETALL user:1');
    await tab.press('Enter');
    await until('the reply to be text', async () => (await tab.text('.output pre')).includes('<img src=x'));

    const victim = await rig.raw(master);
    await victim.call('CLIENT', 'SETNAME', 'victim');
    await tab.run('location.hash = "#clients"');
    const kill = `[...document.querySelectorAll('tr')].find((row) => row.innerText.includes('victim'))?.querySelector('button')`;
    await until('the client to be listed', async () => tab.run<boolean>(`(${kill}) != null`));
    await tab.run(`${kill}.click()`);
    await tab.run('document.querySelector("dialog button.danger").click()');
    await until('the client to be gone', () => victim.isEnded);

    for (const theme of ['dark', 'light'] as const) {
      await tab.prepare({ width: 390, height: 844, theme });
      for (const view of ['overview', 'keys', 'clients', 'slowlog', 'console']) {
        await tab.run(`location.hash = '#${view}'`);
        await until(
          'the view',
          async () => (await tab.run('document.querySelector("[aria-current]").hash')) === `#${view}`,
        );
        const width = await tab.run<number>('document.documentElement.scrollWidth');
        assert.ok(width <= 390, `${view} is ${width} pixels wide`);
      }
    }
    assert.equal(await tab.run('window.stolen'), undefined);
    assert.deepEqual(tab.complaints, []);
  },
);
