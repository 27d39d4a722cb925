import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LogErrorCode } from '@weir/log';
import { LOSSES } from './transitions.ts';
import { nextRole } from './next-role.ts';
import type { RoleState, StateKind } from './state.ts';
import { EXAMPLES, HOST, IN_STATE, Played, foundLog, heldOf, lost } from './testing.ts';

const OTHER = { host: '10.0.0.2', port: 7000 };

const states = Object.keys(IN_STATE) as StateKind[];

test('every state knows every event: it goes on, or says why that cannot be', () => {
  for (const kind of states) {
    for (const event of Object.values(EXAMPLES)) {
      const { state } = IN_STATE[kind]();
      assert.equal(state.kind, kind);
      try {
        assert.ok(states.includes(nextRole(state, event).state.kind));
      } catch (error) {
        const refused = `the role cannot be told '${event.kind}' in the state '${kind}': `;
        assert.ok(String((error as Error).message).startsWith(refused), `${kind} ${event.kind}: ${String(error)}`);
      }
    }
  }
});

describe('a master', () => {
  test('rebuilds its data set before it leads, and answers LOADING until then', () => {
    const role = Played.master();
    const done: string[] = [];
    for (const event of ['start', 'located', 'opened', 'proven', 'imported', 'rebuilt', 'claimed'] as const) {
      assert.deepEqual([role.view.loading, role.view.slave], [true, false]);
      done.push(...role.tell(event).done);
    }
    assert.deepEqual(done, ['locate', 'open', 'prove', 'import', 'rebuild', 'claim', 'adopt', 'establish']);
    role.tell('established');
    assert.deepEqual(role.done, ['lead', 'answer']);
    assert.deepEqual(role.view, { role: 'master', slave: false, loading: false, writeRefusal: '', dataRefusal: '' });
  });

  test('claims again when another one wrote meanwhile, but not for ever', () => {
    const role = IN_STATE.claiming();
    for (let attempt = 2; attempt <= 200; attempt++) {
      role.tell('claim-lost');
      assert.equal(role.find('claim')?.attempt, attempt);
    }
    role.tell('claim-lost');
    assert.deepEqual([role.kind, role.done], ['leaving', ['complain', 'answer', 'leave']]);
  });

  test('that was fenced by another writer looks at the log anew, and follows who leads it', () => {
    const role = Played.master().leads().tell('fenced');
    assert.ok(role.view.loading, 'its data set may hold what the log does not');
    role.tell({ kind: 'left', held: heldOf('log', 8) });
    assert.equal(role.kind, 'waiting');
    role.tell('retry-due', 'located', 'opened', 'proven', 'imported', 'rebuilt');
    assert.equal(role.find('claim')?.ledEpoch, 3);
    role.tell('deposed');
    assert.deepEqual(role.state.errand.kind === 'follow' && role.state.errand.hint, HOST);
    assert.deepEqual([role.view.role, role.view.slave, role.view.loading], ['slave', true, true]);
    role.tell('left', 'retry-due', 'located', 'opened');
    assert.equal(role.kind, 'joining');
    role.tell('joined');
    assert.deepEqual([role.kind, role.view.loading], ['following', false]);
  });

  for (const code of LOSSES) {
    test(`whose log lost what it had (${code}) begins a new one from memory where nobody else can lead`, () => {
      const role = Played.master()
        .leads()
        .tell({ ...EXAMPLES.fenced, by: code });
      assert.match(role.view.writeRefusal, /^MISCONF The log lost what it had/);
      role.tell({ kind: 'left', held: heldOf('log', 8) });
      assert.deepEqual([role.view.loading, role.view.slave], [false, true], 'it stands still and is read');
      role.tell('retry-due', 'located', 'opened');
      assert.deepEqual(role.find('begin')?.from, { logId: 'log', seq: 8 });
      role.tell('begun');
      assert.equal(role.find('establish')?.isNew, true);
      assert.equal(role.tell('established').kind, 'leading');
    });

    test(`whose log lost what it had (${code}) where another could lead proves what it has, and keeps it`, () => {
      const role = Played.master(false)
        .leads()
        .tell({ ...EXAMPLES.fenced, by: code });
      assert.equal(role.state.errand.kind, 'lead');
      role.tell({ kind: 'left', held: heldOf('log', 8) }, 'retry-due', 'located', 'opened');
      assert.deepEqual(role.find('prove')?.held, heldOf('log', 8));
      role.tell({ kind: 'failed', ...lost(code) });
      assert.equal(role.state.trouble?.code, code);
      assert.deepEqual([role.view.loading, role.view.slave], [false, true], 'what it holds is read, and stands still');
      assert.match(role.view.writeRefusal, new RegExp(`^MISCONF .*${code}`));
      role.tell('left');
      assert.deepEqual(role.find('retry'), { do: 'retry', after: 5000 });
      assert.deepEqual(role.state.held, heldOf('log', 8));
    });
  }

  test('whose stream is gone begins a new log, or, where others could lead, refuses writes and goes on looking', () => {
    assert.equal(Played.master().leads().tell('log-gone').state.errand.kind, 'begin');
    const role = Played.master(false).leads().tell('log-gone');
    assert.equal(role.kind, 'leading');
    assert.match(role.view.writeRefusal, /^MISCONF .*log-missing/);
    role.tell('reachable');
    assert.equal(role.view.writeRefusal, '');
  });

  test('saves its data set from memory when nothing that is stored gives it back', () => {
    const role = Played.master().leads().tell('unreachable');
    assert.ok(role.done.includes('save'));
    assert.match(role.view.writeRefusal, /beginning-missing/);
    role.tell('save-failed');
    assert.deepEqual([role.kind, role.state.trouble?.code], ['leading', 'beginning-missing']);
    role.tell('unreachable', 'saved');
    assert.deepEqual([role.kind, role.state.trouble], ['leading', null]);
  });

  test('without a data set of its own refuses to lead a log that lost something, whoever owns the NATS server', () => {
    const role = IN_STATE.proving().tell({ kind: 'failed', ...lost('log-lost') });
    assert.deepEqual([role.view.loading, role.state.errand.kind], [true, 'lead']);
    assert.match(role.view.dataRefusal, /log-lost/);
    role.tell('left', 'retry-due', 'located', 'opened', 'proven', 'imported', 'rebuilt', 'claimed', 'established');
    assert.equal(role.state.trouble, null, 'what was missing is back');
  });

  test('takes a snapshot in place of lost records only when it reaches as far', () => {
    const role = IN_STATE.proving().tell({ kind: 'proven', owed: 9 }, 'imported');
    assert.equal(role.tell({ kind: 'rebuilt', seq: 8, lastSeq: 8, wallMs: 1 }).state.trouble?.code, 'log-lost');
    const other = IN_STATE.proving().tell({ kind: 'proven', owed: 9 }, 'imported');
    assert.equal(other.tell({ kind: 'rebuilt', seq: 9, lastSeq: 8, wallMs: 1 }).kind, 'claiming');
  });

  test('whose log ends before its snapshot begins a new log with that snapshot', () => {
    const role = IN_STATE.claiming().tell('log-short');
    assert.ok(role.done.indexOf('adopt') < role.done.indexOf('leave'));
    role.tell({ kind: 'left', held: null }, 'retry-due', 'located', 'opened');
    assert.deepEqual(role.find('begin')?.from, { logId: 'log', seq: 9 });
  });

  test('is told REPLICAOF NO ONE and goes on', () => {
    const role = Played.master().leads();
    const { state } = role;
    assert.equal(role.tell('told-to-lead').state, state);
  });

  test('told to follow stops leading first, and refuses writes at once', () => {
    const role = Played.master().leads().tell('told-to-follow');
    assert.deepEqual([role.kind, role.view.slave, role.view.role], ['leaving', true, 'slave']);
    assert.ok(!role.done.includes('locate'));
    role.tell({ kind: 'left', held: heldOf('log', 8) });
    assert.deepEqual(role.done, ['link', 'locate']);
    assert.equal(role.view.loading, false, 'the old data set answers');
  });
});

describe('a slave', () => {
  test('asks its master again and again, and its data set is swapped in whole', () => {
    const role = Played.slave().tell('start', 'not-located');
    assert.deepEqual(role.done, ['retry']);
    role.tell('retry-due', 'located', 'opened');
    assert.deepEqual([role.kind, role.view.loading], ['joining', true]);
    role.tell('joined');
    assert.deepEqual(role.done, ['adopt', 'link', 'follow']);
    assert.deepEqual(role.view, { role: 'slave', slave: true, loading: false, writeRefusal: '', dataRefusal: '' });
  });

  test('keeps in mind where the log is, and finds it there when the node that it was told of is away', () => {
    const role = Played.slave().follows().tell('follower-failed', 'left', 'retry-due');
    const { errand } = role.state;
    assert.equal(errand.kind === 'follow' && errand.known?.location.logId, 'log');
    assert.deepEqual(role.find('locate')?.errand, errand);
    role.tell({ kind: 'located', found: foundLog('log'), isTold: false });
    assert.equal(role.find('open')?.isTold, false);
  });

  test('looks for the other log when its master has one, and nowhere when it is told of another node', () => {
    const knownAfter = (event: 'moved' | 'told-to-follow'): string | undefined => {
      const { errand } = Played.slave().follows().tell(event).state;
      return errand.kind === 'follow' ? errand.known?.location.logId : '';
    };
    assert.equal(knownAfter('moved'), 'new');
    assert.equal(knownAfter('told-to-follow'), undefined);
  });

  test('takes a new log of its master that began with the data of the old one, and no other by itself', () => {
    const moved = (): Played =>
      Played.slave()
        .follows()
        .tell('moved', { kind: 'left', held: heldOf('log', 7) }, 'retry-due')
        .tell({ kind: 'located', found: foundLog('new'), isTold: true }, 'opened');
    const joined = { ...EXAMPLES.joined, held: heldOf('new', 2) };
    assert.equal(moved().tell({ ...joined, from: 'log' }).kind, 'following');
    assert.equal(moved().tell({ ...joined, keys: 0 }).kind, 'following', 'there is nothing to lose');
    const kept = moved().tell(joined);
    assert.deepEqual([kept.state.trouble?.code, kept.done.includes('adopt')], ['log-unrelated', false]);
    assert.deepEqual([kept.view.loading, kept.state.held], [false, heldOf('log', 7)]);
    kept.tell('left', 'repair-discards', { kind: 'located', found: foundLog('new'), isTold: true }, 'opened', joined);
    assert.equal(kept.kind, 'following', 'an operator decided');
  });

  test('takes any log of a master that it is told to follow', () => {
    const role = Played.slave().follows().tell({ kind: 'told-to-follow', target: OTHER });
    role.tell({ kind: 'left', held: heldOf('log', 7) }, { kind: 'located', found: foundLog('theirs'), isTold: true });
    assert.equal(role.tell('opened', 'joined').kind, 'following');
  });

  test('that has more than its log offers it, and then tries anew', () => {
    const role = IN_STATE.offering();
    assert.deepEqual(role.done, ['offer-tail']);
    assert.equal(role.tell('tail-given', 'left').kind, 'waiting');
    const other = IN_STATE.offering().tell({ kind: 'failed', ...lost('log-lost') });
    assert.equal(other.state.trouble?.code, 'log-lost');
    assert.equal(other.view.loading, false, 'what it has is read');
  });

  test('that is promoted begins a log with its data set, standing still until it leads', () => {
    const role = Played.slave().follows().tell('told-to-lead');
    assert.deepEqual([role.view.role, role.view.slave, role.view.loading], ['master', true, false]);
    assert.equal(role.view.writeRefusal, '', 'READONLY, as the slave that it was');
    role.tell({ kind: 'left', held: heldOf('log', 12) }, 'located', 'opened');
    assert.deepEqual(role.find('begin')?.from, { logId: 'log', seq: 12 });
    role.tell('begun', 'established');
    assert.deepEqual(role.find('answer'), { do: 'answer', error: null });
  });

  test('that cannot begin a log says so, keeps its data set, and can be told otherwise', () => {
    const role = Played.slave()
      .follows()
      .tell('told-to-lead', { kind: 'left', held: heldOf('log', 7) }, 'failed');
    assert.match(String(role.find('answer')?.error), /^ERR not the master yet, trying again: it failed/);
    assert.deepEqual([role.view.slave, role.view.loading], [true, false]);
    role.tell('left', 'told-to-follow');
    assert.deepEqual([role.kind, role.state.held], ['locating', heldOf('log', 7)]);
  });

  test('that was deposed does not depose the new leader in turn when it is told to lead before it has its data set', () => {
    const role = Played.master(false)
      .leads()
      .tell('fenced', { kind: 'left', held: heldOf('log', 8, false) });
    role.tell('retry-due', 'located', 'opened', 'proven', 'imported', 'rebuilt', 'deposed', 'left', 'told-to-lead');
    assert.equal(role.state.errand.kind, 'lead');
    role.tell('located', 'opened', 'proven', 'imported', 'rebuilt');
    assert.equal(role.find('claim')?.ledEpoch, 3);
    role.tell('deposed');
    assert.match(String(role.find('answer')?.error), /^ERR another node leads/);
    assert.equal(role.view.role, 'slave');
  });

  test('that never had a data set leads its own log when it is told to lead', () => {
    const role = Played.slave().tell('start', 'not-located', 'told-to-lead');
    assert.deepEqual([role.kind, role.state.errand.kind, role.view.loading], ['locating', 'lead', true]);
  });

  test('in trouble over its log is promoted with the data set that it kept', () => {
    const role = Played.slave()
      .follows()
      .tell({ kind: 'follower-failed', ...lost('log-diverged') });
    role.tell({ kind: 'left', held: heldOf('log', 7) }, 'told-to-lead');
    assert.equal(role.state.trouble, null);
    assert.equal(role.tell('located', 'opened').kind, 'beginning');
  });
});

test('what was executed and is in no log is shown to nobody', () => {
  const dirty = { kind: 'left', held: heldOf('log', 8, false) } as const;
  const begun = Played.master()
    .leads()
    .tell({ ...EXAMPLES.fenced, by: 'log-lost' }, dirty);
  assert.ok(begun.view.loading, 'before it is in the new log');
  begun.tell('retry-due', 'located', 'opened', 'begun', 'established');
  assert.ok(!begun.view.loading);
  const troubled = Played.master(false).leads().tell('fenced', dirty, 'retry-due');
  troubled.tell({ kind: 'failed', ...lost('log-lost') });
  assert.ok(troubled.view.loading);
  assert.match(troubled.view.dataRefusal, /^MISCONF (?!.*Reads, )/);
  const told = Played.master().leads().tell('told-to-follow', dirty);
  assert.ok(told.view.loading, 'its log did not answer before it was told to follow another');
});

test('an error that passes is no trouble, and one that does is kept with the time that it began', () => {
  const fail = (code: LogErrorCode, wallMs: number): RoleState =>
    IN_STATE.proving().tell({ kind: 'failed', error: lost(code).error, wallMs }).state;
  assert.equal(fail('log-unavailable', 5).trouble, null);
  const role = IN_STATE.proving().tell({ kind: 'failed', error: lost('log-lost').error, wallMs: 5 });
  role.tell('left', 'retry-due', 'located', 'opened', { kind: 'failed', error: lost('log-lost').error, wallMs: 9 });
  assert.equal(role.state.trouble?.sinceMs, 5);
});

describe('a node of a cluster', () => {
  test('follows its log, claims it as it stands when nobody leads, and leads with the data set that it has', () => {
    const role = Played.member().follows();
    assert.deepEqual([role.kind, role.view.role, role.view.slave], ['following', 'slave', true]);
    role.tell('leaderless');
    assert.deepEqual([role.kind, role.done, role.find('take')?.why], ['taking', ['take'], 'silence']);
    assert.deepEqual([role.view.role, role.view.loading], ['slave', false], 'it goes on answering reads');
    role.tell('claimed');
    assert.deepEqual([role.kind, role.done], ['establishing', ['establish']], 'nothing is loaded');
    assert.deepEqual([role.view.slave, role.view.loading], [true, false], 'no writes yet');
    role.tell('established');
    assert.deepEqual([role.kind, role.view.role, role.view.slave], ['leading', 'master', false]);
  });

  test('goes on following when another one was quicker', () => {
    const role = Played.member().follows().tell('leaderless', 'claim-lost');
    assert.deepEqual([role.kind, role.done], ['following', ['follow']]);
  });

  test('tries to be the first where the log is empty, and follows whoever was', () => {
    const role = Played.member().tell('start', 'located', 'opened', 'log-empty');
    assert.deepEqual([role.kind, role.done], ['proving', ['prove']]);
    role.tell('proven', 'imported', 'rebuilt', 'claim-lost');
    assert.deepEqual([role.kind, role.done], ['leaving', ['leave']]);
    role.tell('left');
    assert.deepEqual([role.kind, role.state.errand.kind], ['locating', 'follow']);
  });

  test('that cannot lead any more follows whoever does, and answers nothing before it has the data of the log', () => {
    for (const event of ['fenced', 'failed'] as const) {
      const role = Played.member().follows().tell('leaderless', 'claimed', 'established', event);
      assert.deepEqual([role.kind, role.state.errand.kind, role.view.loading], ['leaving', 'follow', true], event);
      role.tell({ kind: 'left', held: heldOf('log', 8, true) }, 'retry-due', 'located', 'opened');
      assert.deepEqual([role.kind, role.view.loading], ['joining', true]);
      role.tell('joined');
      assert.deepEqual([role.kind, role.view.loading, role.view.slave], ['following', false, true]);
    }
  });

  test('of another set-up neither begins an empty log of its master nor claims one that it follows', () => {
    assert.throws(() => Played.slave().tell('start', 'located', 'opened', 'log-empty'), /cannot be told 'log-empty'/);
    assert.throws(() => Played.slave().follows().tell('leaderless'), /cannot be told 'leaderless'/);
  });
});
