// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const SET_EXCHANGES: readonly Exchange[] = [
  // members
  [
    'sadd k a b a ; scard k ; sismember k a ; sismember k z ; smismember k a z b',
    ':2\r\n:2\r\n:1\r\n:0\r\n*3\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'sadd k 3 1 2 1 ; smembers k ; object encoding k ; srem k 2 9 ; smembers k',
    ':3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$6\r\nintset\r\n:1\r\n*2\r\n$1\r\n1\r\n$1\r\n3\r\n',
  ],
  [
    'sadd k 9223372036854775807 -9223372036854775808 0 ; smembers k ; object encoding k',
    ':3\r\n*3\r\n$20\r\n-9223372036854775808\r\n$1\r\n0\r\n$19\r\n9223372036854775807\r\n$6\r\nintset\r\n',
  ],
  [
    'sadd k 9223372036854775808 ; smembers k ; sismember k 9223372036854775808',
    ':1\r\n*1\r\n$19\r\n9223372036854775808\r\n:1\r\n',
  ],
  ['sadd k 007 ; sismember k 7 ; sadd k 7 ; scard k', ':1\r\n:0\r\n:1\r\n:2\r\n'],
  ['sadd k "" ; sismember k "" ; smembers k', ':1\r\n:1\r\n*1\r\n$0\r\n\r\n'],
  [
    'sadd k ; srem k ; sadd ; smembers ; scard a b ; sismember k ; smismember k',
    "-ERR wrong number of arguments for 'sadd' command\r\n-ERR wrong number of arguments for 'srem' command\r\n-ERR wrong number of arguments for 'sadd' command\r\n-ERR wrong number of arguments for 'smembers' command\r\n-ERR wrong number of arguments for 'scard' command\r\n-ERR wrong number of arguments for 'sismember' command\r\n-ERR wrong number of arguments for 'smismember' command\r\n",
  ],
  [
    'set s v ; sadd s a ; srem s a ; sismember s a ; smismember s a ; smembers s ; scard s',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'sismember no a ; smismember no a b ; smembers no ; scard no ; srem no a',
    ':0\r\n*2\r\n:0\r\n:0\r\n*0\r\n:0\r\n:0\r\n',
  ],
  ['sadd k a ; srem k a ; exists k ; type k', ':1\r\n:1\r\n:0\r\n+none\r\n'],
  ['sadd k a ; srem k b a c ; exists k', ':1\r\n:1\r\n:0\r\n'],
  ['sadd k 1 2 3 ; srem k 1 2 3 ; exists k', ':3\r\n:3\r\n:0\r\n'],
  ['sadd k a ; type k ; expire k 100 ; sadd k b ; ttl k', ':1\r\n+set\r\n:1\r\n:1\r\n:100\r\n'],
  // SMOVE
  ['sadd a 1 ; smove a b 1 ; smembers b ; exists a', ':1\r\n:1\r\n*1\r\n$1\r\n1\r\n:0\r\n'],
  [
    'sadd a x y ; sadd b x ; smove a b x ; smembers a ; smembers b',
    ':2\r\n:1\r\n:1\r\n*1\r\n$1\r\ny\r\n*1\r\n$1\r\nx\r\n',
  ],
  [
    'sadd a x ; smove a a x ; smembers a ; smove a a z ; smove a b z ; exists b ; smove no b z',
    ':1\r\n:1\r\n*1\r\n$1\r\nx\r\n:0\r\n:0\r\n:0\r\n:0\r\n',
  ],
  [
    'sadd a x ; set s v ; smove a s x ; smove s a x ; smove no s x ; smembers a',
    ':1\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n:0\r\n*1\r\n$1\r\nx\r\n',
  ],
  ['smove a b', "-ERR wrong number of arguments for 'smove' command\r\n"],
  // SPOP and SRANDMEMBER
  ['spop no ; spop no 3 ; srandmember no ; srandmember no 3 ; srandmember no -3', '$-1\r\n*0\r\n$-1\r\n*0\r\n*0\r\n'],
  ['sadd k a ; spop k ; exists k', ':1\r\n$1\r\na\r\n:0\r\n'],
  ['sadd k a ; spop k 5 ; exists k', ':1\r\n*1\r\n$1\r\na\r\n:0\r\n'],
  [
    'sadd k a ; srandmember k ; srandmember k 1 ; srandmember k 5 ; srandmember k -3 ; srandmember k 0',
    ':1\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n*0\r\n',
  ],
  [
    'sadd k 7 ; spop k 0 ; spop k -1 ; spop k x ; spop k 1 2 ; spop no -1',
    ':1\r\n*0\r\n-ERR value is out of range, must be positive\r\n-ERR value is out of range, must be positive\r\n-ERR syntax error\r\n-ERR value is out of range, must be positive\r\n',
  ],
  [
    'sadd k a ; srandmember k x ; srandmember k 1 2 ; srandmember k -9223372036854775808 ; srandmember no -9223372036854775808 ; srandmember k 9223372036854775808',
    ':1\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'set s v ; spop s ; spop s 1 ; spop s 0 ; srandmember s ; srandmember s 1 ; srandmember s x',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR value is not an integer or out of range\r\n',
  ],
  // SINTER, SUNION, SDIFF
  [
    'sadd a 1 2 3 ; sadd b 2 3 4 ; sinter a b ; sunion a b ; sdiff a b ; sdiff b a',
    ':3\r\n:3\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n*1\r\n$1\r\n1\r\n*1\r\n$1\r\n4\r\n',
  ],
  [
    'sadd a 1 2 3 ; sinter a no ; sinter no a ; sunion a no ; sdiff a no ; sdiff no a ; sinter a a ; sdiff a a ; sunion a a',
    ':3\r\n*0\r\n*0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  ],
  ['sinter no ; sunion no no2 ; sdiff no', '*0\r\n*0\r\n*0\r\n'],
  [
    'set s v ; sadd a 1 ; sinter no s ; sinter s no ; sunion a s ; sdiff a s ; sdiff no s ; sinterstore d no s ; sunionstore d s ; sdiffstore d a s',
    '+OK\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'sadd a 1 2 3 ; sadd b 2 3 4 ; sinterstore d a b ; smembers d ; sunionstore d a b ; smembers d ; sdiffstore d a b ; smembers d',
    ':3\r\n:3\r\n:2\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n:4\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n:1\r\n*1\r\n$1\r\n1\r\n',
  ],
  [
    'sadd a 1 ; sadd b 2 ; set d v ; sinterstore d a b ; exists d ; sinterstore d a b',
    ':1\r\n:1\r\n+OK\r\n:0\r\n:0\r\n:0\r\n',
  ],
  [
    'sadd a 1 ; set d v ; sunionstore d no ; exists d ; set d v ; sdiffstore d a a ; exists d ; set d v ; sinterstore d no a ; exists d',
    ':1\r\n+OK\r\n:0\r\n:0\r\n+OK\r\n:0\r\n:0\r\n+OK\r\n:0\r\n:0\r\n',
  ],
  ['sadd a 1 ; set d v ex 100 ; sunionstore d a ; ttl d ; smembers d', ':1\r\n+OK\r\n:1\r\n:-1\r\n*1\r\n$1\r\n1\r\n'],
  [
    'sadd a 1 2 ; sadd b 2 3 ; sunionstore a a b ; smembers a ; sinterstore a a b ; smembers a ; sdiffstore b b a ; exists b',
    ':2\r\n:2\r\n:3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n:2\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n:0\r\n:0\r\n',
  ],
  [
    'sinter ; sunion ; sdiff ; sinterstore d ; sunionstore d ; sdiffstore d',
    "-ERR wrong number of arguments for 'sinter' command\r\n-ERR wrong number of arguments for 'sunion' command\r\n-ERR wrong number of arguments for 'sdiff' command\r\n-ERR wrong number of arguments for 'sinterstore' command\r\n-ERR wrong number of arguments for 'sunionstore' command\r\n-ERR wrong number of arguments for 'sdiffstore' command\r\n",
  ],
  // SINTERCARD
  [
    'sadd a 1 2 3 ; sadd b 2 3 4 ; sintercard 2 a b ; sintercard 2 a b limit 1 ; sintercard 2 a b LIMIT 0 ; sintercard 1 a limit 2 limit 1 ; sintercard 2 a no',
    ':3\r\n:3\r\n:2\r\n:1\r\n:2\r\n:1\r\n:0\r\n',
  ],
  [
    'sintercard 0 a ; sintercard x a ; sintercard -1 a ; sintercard 2 a ; sintercard 1 a limit ; sintercard 1 a limit -1 ; sintercard 1 a limit x ; sintercard 1 a foo 1 ; sintercard 1 a b ; sintercard 9223372036854775807 a',
    "-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR Number of keys can't be greater than number of args\r\n-ERR syntax error\r\n-ERR LIMIT can't be negative\r\n-ERR LIMIT can't be negative\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR Number of keys can't be greater than number of args\r\n",
  ],
  [
    'set s v ; sintercard 1 s ; sintercard 2 no s',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  // SSCAN
  [
    'sadd k 1 2 3 ; sscan k 0 ; sscan k 17 ; sscan k 0 match 2 ; sscan k 0 count 1 ; sscan k 0 match * count 100',
    ':3\r\n*2\r\n$1\r\n0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\n2\r\n*2\r\n$1\r\n0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n0\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  ],
  [
    'sscan no 0 ; sscan no 0 foo ; sscan no x ; sscan k',
    "*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n-ERR invalid cursor\r\n-ERR wrong number of arguments for 'sscan' command\r\n",
  ],
  [
    'sadd k 1 ; sscan k 0 foo ; sscan k 0 count 0 ; sscan k 0 count x ; sscan k 0 type set ; sscan k 0 match',
    ':1\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  [
    'set s v ; sscan s 0 ; sscan s 0 foo',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  // generic commands
  [
    'sadd k 1 2 3 ; copy k l ; smembers l ; rename l m ; smembers m ; move m 1 ; select 1 ; smembers m',
    ':3\r\n:1\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n:1\r\n+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  ],
  [
    'sadd k a ; get k ; append k x ; strlen k ; incr k',
    ':1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  ['sadd k 1 ; set k v ; get k', ':1\r\n+OK\r\n$1\r\nv\r\n'],
];

export const SET_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'sadd k a b a ; scard k ; sismember k a ; sismember k z ; smismember k a z b',
    ':2\r\n:2\r\n:1\r\n:0\r\n*3\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'sadd k 9223372036854775807 -9223372036854775808 0 ; smembers k ; object encoding k',
    ':3\r\n~3\r\n$20\r\n-9223372036854775808\r\n$1\r\n0\r\n$19\r\n9223372036854775807\r\n$6\r\nintset\r\n',
  ],
  [
    'sismember no a ; smismember no a b ; smembers no ; scard no ; srem no a',
    ':0\r\n*2\r\n:0\r\n:0\r\n~0\r\n:0\r\n:0\r\n',
  ],
  ['spop no ; spop no 3 ; srandmember no ; srandmember no 3 ; srandmember no -3', '_\r\n~0\r\n_\r\n*0\r\n*0\r\n'],
  ['sadd k a ; spop k ; exists k', ':1\r\n$1\r\na\r\n:0\r\n'],
  ['sadd k a ; spop k 5 ; exists k', ':1\r\n~1\r\n$1\r\na\r\n:0\r\n'],
  [
    'sadd k a ; srandmember k ; srandmember k 1 ; srandmember k 5 ; srandmember k -3 ; srandmember k 0',
    ':1\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*3\r\n$1\r\na\r\n$1\r\na\r\n$1\r\na\r\n*0\r\n',
  ],
  [
    'sadd k 7 ; spop k 0 ; spop k -1 ; spop k x ; spop k 1 2 ; spop no -1',
    ':1\r\n~0\r\n-ERR value is out of range, must be positive\r\n-ERR value is out of range, must be positive\r\n-ERR syntax error\r\n-ERR value is out of range, must be positive\r\n',
  ],
  [
    'sadd k a ; srandmember k x ; srandmember k 1 2 ; srandmember k -9223372036854775808 ; srandmember no -9223372036854775808 ; srandmember k 9223372036854775808',
    ':1\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'set s v ; spop s ; spop s 1 ; spop s 0 ; srandmember s ; srandmember s 1 ; srandmember s x',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'sadd a 1 2 3 ; sadd b 2 3 4 ; sinter a b ; sunion a b ; sdiff a b ; sdiff b a',
    ':3\r\n:3\r\n~2\r\n$1\r\n2\r\n$1\r\n3\r\n~4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n~1\r\n$1\r\n1\r\n~1\r\n$1\r\n4\r\n',
  ],
  [
    'sadd a 1 2 3 ; sinter a no ; sinter no a ; sunion a no ; sdiff a no ; sdiff no a ; sinter a a ; sdiff a a ; sunion a a',
    ':3\r\n~0\r\n~0\r\n~3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n~3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n~0\r\n~3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n~0\r\n~3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  ],
  ['sinter no ; sunion no no2 ; sdiff no', '~0\r\n~0\r\n~0\r\n'],
  [
    'set s v ; sadd a 1 ; sinter no s ; sinter s no ; sunion a s ; sdiff a s ; sdiff no s ; sinterstore d no s ; sunionstore d s ; sdiffstore d a s',
    '+OK\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'sinter ; sunion ; sdiff ; sinterstore d ; sunionstore d ; sdiffstore d',
    "-ERR wrong number of arguments for 'sinter' command\r\n-ERR wrong number of arguments for 'sunion' command\r\n-ERR wrong number of arguments for 'sdiff' command\r\n-ERR wrong number of arguments for 'sinterstore' command\r\n-ERR wrong number of arguments for 'sunionstore' command\r\n-ERR wrong number of arguments for 'sdiffstore' command\r\n",
  ],
  [
    'sadd k 1 ; sscan k 0 foo ; sscan k 0 count 0 ; sscan k 0 count x ; sscan k 0 type set ; sscan k 0 match',
    ':1\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
];
