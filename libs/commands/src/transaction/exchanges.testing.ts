// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const TRANSACTION_EXCHANGES: readonly Exchange[] = [
  ['multi ; exec', '+OK\r\n*0\r\n'],
  [
    'multi ; set a 1 ; get a ; incr a ; exec ; get a',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n$1\r\n1\r\n:2\r\n$1\r\n2\r\n',
  ],
  ['multi ; multi ; set a 1 ; exec', '+OK\r\n-ERR MULTI calls can not be nested\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
  [
    'multi ; multi a ; exec',
    "+OK\r\n-ERR wrong number of arguments for 'multi' command\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  ['exec', '-ERR EXEC without MULTI\r\n'],
  ['discard', '-ERR DISCARD without MULTI\r\n'],
  ['exec a', "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n"],
  [
    'multi ; exec a ; exec',
    "+OK\r\n-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command\r\n-ERR EXEC without MULTI\r\n",
  ],
  [
    'multi ; discard a ; exec',
    "+OK\r\n-ERR wrong number of arguments for 'discard' command\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  [
    'multi ; nosuch ; set a 1 ; exec ; get a',
    "+OK\r\n-ERR unknown command 'nosuch', with args beginning with: \r\n+QUEUED\r\n-EXECABORT Transaction discarded because of previous errors.\r\n$-1\r\n",
  ],
  [
    'multi ; set a ; exec',
    "+OK\r\n-ERR wrong number of arguments for 'set' command\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  [
    'multi ; nosuch ; discard ; exec',
    "+OK\r\n-ERR unknown command 'nosuch', with args beginning with: \r\n+OK\r\n-ERR EXEC without MULTI\r\n",
  ],
  ['multi ; set a 1 ; discard ; get a', '+OK\r\n+QUEUED\r\n+OK\r\n$-1\r\n'],
  [
    'multi ; set a b ; lpush a 1 ; incr a ; get a ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*4\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR value is not an integer or out of range\r\n$1\r\nb\r\n',
  ],
  [
    'multi ; select 3 ; set x 1 ; exec ; get x ; select 0 ; get x',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n$1\r\n1\r\n+OK\r\n$-1\r\n',
  ],
  [
    'select 2 ; multi ; set x 1 ; select 0 ; get x ; exec ; get x',
    '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n$-1\r\n$-1\r\n',
  ],
  ['multi ; select 99 ; exec', '+OK\r\n+QUEUED\r\n*1\r\n-ERR DB index is out of range\r\n'],
  [
    'multi ; save ; exec',
    '+OK\r\n-ERR Command not allowed inside a transaction\r\n-EXECABORT Transaction discarded because of previous errors.\r\n',
  ],
  [
    'multi ; shutdown ; exec',
    '+OK\r\n-ERR Command not allowed inside a transaction\r\n-EXECABORT Transaction discarded because of previous errors.\r\n',
  ],
  [
    'multi ; config ; exec',
    "+OK\r\n-ERR wrong number of arguments for 'config' command\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  [
    'multi ; config foo ; exec',
    "+OK\r\n-ERR unknown subcommand 'foo'. Try CONFIG HELP.\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  ['multi ; set a 1 ; quit', '+OK\r\n+QUEUED\r\n+OK\r\n'],
  ['multi ; set a 1 ; reset ; exec ; get a', '+OK\r\n+QUEUED\r\n+RESET\r\n-ERR EXEC without MULTI\r\n$-1\r\n'],
  ['multi ; wait 1 0 ; wait 0 0 ; exec', '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:0\r\n:0\r\n'],
  [
    'multi ; set a 1 ; exec ; multi ; get a ; exec',
    '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n',
  ],
  ['multi ; set a 1 ; set a 2 nx ; exec', '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$-1\r\n'],
  [
    'multi ; rpush l a b c ; lrange l 0 -1 ; lpop l 2 ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n',
  ],
  ['multi ; hset h f 1 ; hgetall h ; exec', '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n*2\r\n$1\r\nf\r\n$1\r\n1\r\n'],
  ['multi ; flushall ; set a 1 ; dbsize ; exec', '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n:1\r\n'],
  [
    'multi ; spop nothing ; sadd s a ; spop s ; exec ; scard s',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$-1\r\n:1\r\n$1\r\na\r\n:0\r\n',
  ],
  [
    'multi ; expire a 10 ; set a 1 ex 10 ; ttl a ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:0\r\n+OK\r\n:10\r\n',
  ],
  [
    'multi ; client setname x ; client getname ; exec ; client getname',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\nx\r\n$1\r\nx\r\n',
  ],
  ['multi ; ping ; echo x ; exec', '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n$1\r\nx\r\n'],
  ['client reply skip ; multi ; ping ; exec', '+QUEUED\r\n*1\r\n+PONG\r\n'],
  [
    'multi ; object encoding a ; set a 1 ; object encoding a ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$-1\r\n+OK\r\n$3\r\nint\r\n',
  ],
  [
    'multi ; object nosuch a ; exec',
    "+OK\r\n-ERR unknown subcommand 'nosuch'. Try OBJECT HELP.\r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  ['MULTI ; SET a 1 ; EXEC', '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
  ['hello 3 x ; multi ; exec', "-ERR Syntax error in HELLO option 'x'\r\n+OK\r\n*0\r\n"],
  ['watch', "-ERR wrong number of arguments for 'watch' command\r\n"],
  ['unwatch', '+OK\r\n'],
  ['watch a ; set a 1 ; multi ; get a ; exec ; get a', '+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n$1\r\n1\r\n'],
  ['watch a ; get a ; multi ; set a 1 ; exec', '+OK\r\n$-1\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n'],
  ['watch a b ; set b 1 ; multi ; exec ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n*-1\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; del a ; multi ; exec', '+OK\r\n+OK\r\n:1\r\n+OK\r\n*-1\r\n'],
  ['watch a ; del a ; multi ; exec', '+OK\r\n:0\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; set a 1 ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['set a 1 ; watch a ; set a 2 nx ; multi ; exec', '+OK\r\n+OK\r\n$-1\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; expire a 100 ; multi ; exec', '+OK\r\n+OK\r\n:1\r\n+OK\r\n*-1\r\n'],
  ['set a 1 ; watch a ; touch a ; multi ; exec', '+OK\r\n+OK\r\n:1\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; rename a b ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['set b 1 ; watch a ; rename b a ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['watch a ; flushall ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; flushall ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['set a 1 ; watch a ; flushdb ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  [
    'set a 1 ; select 1 ; watch a ; select 0 ; flushdb ; multi ; exec',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n*0\r\n',
  ],
  ['set a 1 ; watch a ; swapdb 0 1 ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['set a 1 ; select 1 ; watch a ; swapdb 0 1 ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['watch a ; swapdb 0 1 ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n*0\r\n'],
  ['set a 1 ; watch a ; swapdb 2 3 ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*0\r\n'],
  [
    'select 1 ; set a 1 ; select 0 ; watch a ; select 1 ; set a 2 ; multi ; exec',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n*0\r\n',
  ],
  ['watch a ; multi ; watch b ; exec', '+OK\r\n+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n*0\r\n'],
  ['watch a ; set a 1 ; watch b ; multi ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['watch a ; set a 1 ; unwatch ; multi ; ping ; exec', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n'],
  ['watch a ; set a 1 ; multi ; unwatch ; exec', '+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n'],
  [
    'watch a ; set a 1 ; multi ; discard ; multi ; ping ; exec',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n',
  ],
  [
    'watch a ; set a 1 ; multi ; nosuch ; exec',
    "+OK\r\n+OK\r\n+OK\r\n-ERR unknown command 'nosuch', with args beginning with: \r\n-EXECABORT Transaction discarded because of previous errors.\r\n",
  ],
  ['watch a ; set a 1 ; reset ; multi ; ping ; exec', '+OK\r\n+OK\r\n+RESET\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n'],
  [
    'watch a ; multi ; set a 1 ; exec ; multi ; ping ; exec',
    '+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n',
  ],
  ['rpush l a b ; watch l ; ltrim l 0 -1 ; multi ; exec', ':2\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['rpush l a b ; watch l ; lset l 0 a ; multi ; exec', ':2\r\n+OK\r\n+OK\r\n+OK\r\n*-1\r\n'],
  ['sadd s a ; watch s ; sadd s a ; multi ; exec', ':1\r\n+OK\r\n:0\r\n+OK\r\n*0\r\n'],
  ['sadd s a ; watch s ; srem s b ; multi ; exec', ':1\r\n+OK\r\n:0\r\n+OK\r\n*0\r\n'],
  ['watch s ; sadd s a ; multi ; exec', '+OK\r\n:1\r\n+OK\r\n*-1\r\n'],
  ['xadd x 1-1 f v ; watch x ; xgroup create x g 0 ; multi ; exec', '$3\r\n1-1\r\n+OK\r\n+OK\r\n+OK\r\n*0\r\n'],
  ['xadd x 1-1 f v ; watch x ; xadd x 1-2 f v ; multi ; exec', '$3\r\n1-1\r\n+OK\r\n$3\r\n1-2\r\n+OK\r\n*-1\r\n'],
  ['pfadd p a ; watch p ; pfcount p ; multi ; exec', ':1\r\n+OK\r\n:1\r\n+OK\r\n*-1\r\n'],
];
