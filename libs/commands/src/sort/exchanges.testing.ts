// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const SORT_EXCHANGES: readonly Exchange[] = [
  // options
  [
    'rpush k 3 1 2 ; sort k ; sort k desc ; sort k desc asc ; sort k alpha ; SORT k DESC ALPHA ; sort_ro k desc',
    ':3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n',
  ],
  [
    'rpush k 3 1 2 ; sort k foo ; sort k limit 0 ; sort k limit x 1 ; sort k limit 0 x ; sort k by ; sort k get ; sort k store ; sort k limit 0 1 store ; sort_ro k store d',
    ':3\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  [
    'sort ; sort_ro ; sort nokey ; sort nokey store d ; set d v ; sort nokey store d ; exists d',
    "-ERR wrong number of arguments for 'sort' command\r\n-ERR wrong number of arguments for 'sort_ro' command\r\n*0\r\n:0\r\n+OK\r\n:0\r\n:0\r\n",
  ],
  [
    'set k v ; hset h f v ; sort k ; sort h ; sort_ro k ; sort k foo',
    '+OK\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR syntax error\r\n',
  ],
  [
    'rpush k 3 1 2 10 ; sort k limit 0 2 ; sort k limit 1 2 ; sort k limit 2 100 ; sort k limit 4 1 ; sort k limit -1 2 ; sort k limit 1 -5 ; sort k limit 0 0 ; sort k limit -9223372036854775808 9223372036854775807',
    ':4\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n3\r\n$2\r\n10\r\n*0\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n*3\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n*0\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$2\r\n10\r\n',
  ],
  // numbers
  [
    'rpush k "" " 5" 1e1 0x10 -0 inf -inf 1.5 +2 ; sort k ; sort k desc',
    ':9\r\n*9\r\n$4\r\n-inf\r\n$0\r\n\r\n$2\r\n-0\r\n$3\r\n1.5\r\n$2\r\n+2\r\n$2\r\n 5\r\n$3\r\n1e1\r\n$4\r\n0x10\r\n$3\r\ninf\r\n*9\r\n$3\r\ninf\r\n$4\r\n0x10\r\n$3\r\n1e1\r\n$2\r\n 5\r\n$2\r\n+2\r\n$3\r\n1.5\r\n$2\r\n-0\r\n$0\r\n\r\n$4\r\n-inf\r\n',
  ],
  [
    'rpush k 9007199254740993 9007199254740992 9007199254740991 ; sort k desc',
    ':3\r\n*3\r\n$16\r\n9007199254740993\r\n$16\r\n9007199254740992\r\n$16\r\n9007199254740991\r\n',
  ],
  [
    'rpush k 1 1.0 01 +1 ; sort k ; sort k desc',
    ':4\r\n*4\r\n$2\r\n+1\r\n$2\r\n01\r\n$1\r\n1\r\n$3\r\n1.0\r\n*4\r\n$3\r\n1.0\r\n$1\r\n1\r\n$2\r\n01\r\n$2\r\n+1\r\n',
  ],
  ['rpush k a ; sort k', ":1\r\n-ERR One or more scores can't be converted into double\r\n"],
  ['rpush k 1 nan ; sort k', ":2\r\n-ERR One or more scores can't be converted into double\r\n"],
  ['rpush k 1 1e400 ; sort k', ":2\r\n-ERR One or more scores can't be converted into double\r\n"],
  ['rpush k 1 1e-400 ; sort k', ":2\r\n-ERR One or more scores can't be converted into double\r\n"],
  ['rpush k 1 "2\\x00b" ; sort k', ':2\r\n*2\r\n$1\r\n1\r\n$3\r\n2\x00b\r\n'],
  ['rpush k 1 "2 " ; sort k', ":2\r\n-ERR One or more scores can't be converted into double\r\n"],
  // bytes
  [
    'rpush k b a "b\\x00z" "b\\x00a" B "\\xff" "" ; sort k alpha ; sort k alpha desc ; sort k alpha store d ; lrange d 0 -1',
    ':7\r\n*7\r\n$0\r\n\r\n$1\r\nB\r\n$1\r\na\r\n$1\r\nb\r\n$3\r\nb\x00z\r\n$3\r\nb\x00a\r\n$1\r\n\xff\r\n*7\r\n$1\r\n\xff\r\n$1\r\nb\r\n$3\r\nb\x00z\r\n$3\r\nb\x00a\r\n$1\r\na\r\n$1\r\nB\r\n$0\r\n\r\n:7\r\n*7\r\n$0\r\n\r\n$1\r\nB\r\n$1\r\na\r\n$1\r\nb\r\n$3\r\nb\x00a\r\n$3\r\nb\x00z\r\n$1\r\n\xff\r\n',
  ],
  // sets and sorted sets
  [
    'sadd s 3 1 2 ; sort s ; sort s desc limit 0 2 ; sadd s x ; sort s ; sort s alpha ; sort s by nosort store d ; lrange d 0 -1',
    ":3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*2\r\n$1\r\n3\r\n$1\r\n2\r\n:1\r\n-ERR One or more scores can't be converted into double\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\nx\r\n:4\r\n*4\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\nx\r\n",
  ],
  [
    'zadd z 3 a 2 b 1 c ; sort z by nosort ; sort z by nosort desc ; sort z by nosort limit 1 1 ; sort z by nosort desc limit 1 5 ; sort z alpha ; sort z',
    ":3\r\n*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n*1\r\n$1\r\nb\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n-ERR One or more scores can't be converted into double\r\n",
  ],
  [
    'rpush k c a b ; sort k by nosort ; sort k by nosort desc ; sort k by nosort desc limit 0 2 ; sort k by nosort limit 1 1 get # ; sort k by "" ; sort k by # limit 1 0',
    ':3\r\n*3\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n*3\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n*2\r\n$1\r\nb\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*3\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n*0\r\n',
  ],
  // BY and GET
  [
    'rpush k 1 2 3 ; mset w_1 30 w_2 20 w_3 10 d_1 one d_2 two ; sort k by w_* ; sort k by w_* desc ; sort k by w_* get d_* ; sort k by w_* get # get d_* ; sort k by w_* get nokey ; sort k get w_*x',
    ':3\r\n+OK\r\n*3\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$-1\r\n$3\r\ntwo\r\n$3\r\none\r\n*6\r\n$1\r\n3\r\n$-1\r\n$1\r\n2\r\n$3\r\ntwo\r\n$1\r\n1\r\n$3\r\none\r\n*3\r\n$-1\r\n$-1\r\n$-1\r\n*3\r\n$-1\r\n$-1\r\n$-1\r\n',
  ],
  [
    'rpush k 1 2 3 ; set w_2 -1 ; sort k by w_* ; sort k by w_* alpha ; sort k by w_* alpha desc ; sort k by nosort by w_* ; sort k by w_* by nosort',
    ':3\r\n+OK\r\n*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n*3\r\n$1\r\n1\r\n$1\r\n3\r\n$1\r\n2\r\n*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n',
  ],
  [
    'rpush k 1 2 ; hset h_1 f 9 g x ; hset h_2 f 4 ; sort k by h_*->f ; sort k by h_*->f get h_*->g get h_*->f ; sort k get h_*-> ; sort k get h_* ; sort k get h_*->f->g',
    ':2\r\n:2\r\n:1\r\n*2\r\n$1\r\n2\r\n$1\r\n1\r\n*4\r\n$-1\r\n$1\r\n4\r\n$1\r\nx\r\n$1\r\n9\r\n*2\r\n$-1\r\n$-1\r\n*2\r\n$-1\r\n$-1\r\n*2\r\n$-1\r\n$-1\r\n',
  ],
  [
    'rpush k 1 2 ; set h_1 v ; sort k get h_*->f ; lpush w_1 a ; sort k get w_* ; sort k by w_*',
    ':2\r\n+OK\r\n*2\r\n$-1\r\n$-1\r\n:1\r\n*2\r\n$-1\r\n$-1\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n',
  ],
  [
    'rpush k 1 2 ; set w_1 a ; sort k by w_* ; sort k by w_* alpha ; set w_1 1e400 ; sort k by w_*',
    ":2\r\n+OK\r\n-ERR One or more scores can't be converted into double\r\n*2\r\n$1\r\n2\r\n$1\r\n1\r\n+OK\r\n-ERR One or more scores can't be converted into double\r\n",
  ],
  [
    'rpush k 1 2 ; mset "w_1\\x00" x "w_2" y ; sort k get "w_*\\x00" ; sort k get "#\\x00" ; sort k get "w\\x00*"',
    ':2\r\n+OK\r\n*2\r\n$1\r\nx\r\n$-1\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n*2\r\n$-1\r\n$-1\r\n',
  ],
  [
    'rpush k 1 2 3 4 5 6 7 8 9 10 ; mset w_3 a w_7 a w_8 b ; sort k by w_* alpha ; sort k by w_* alpha limit 0 5 ; sort k by w_* alpha limit 6 2 ; sort k by w_* alpha desc limit 1 4',
    ':10\r\n+OK\r\n*10\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n9\r\n$2\r\n10\r\n$1\r\n3\r\n$1\r\n7\r\n$1\r\n8\r\n*5\r\n$2\r\n10\r\n$1\r\n2\r\n$1\r\n6\r\n$1\r\n9\r\n$1\r\n1\r\n*2\r\n$1\r\n5\r\n$1\r\n3\r\n*4\r\n$1\r\n3\r\n$1\r\n7\r\n$1\r\n5\r\n$1\r\n6\r\n',
  ],
  // STORE
  [
    'rpush k 3 1 2 ; sort k store d ; lrange d 0 -1 ; type d ; sort k store k ; lrange k 0 -1 ; sort k limit 5 1 store d ; exists d',
    ':3\r\n:3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n+list\r\n:3\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n:0\r\n:0\r\n',
  ],
  [
    'rpush k 1 2 ; set w_1 a ; setex d 100 v ; sort k get w_* get # store d ; lrange d 0 -1 ; ttl d',
    ':2\r\n+OK\r\n+OK\r\n:4\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$0\r\n\r\n$1\r\n2\r\n:-1\r\n',
  ],
  [
    'rpush k a 1 ; set d v ; sort k store d ; get d',
    ":2\r\n+OK\r\n-ERR One or more scores can't be converted into double\r\n$1\r\nv\r\n",
  ],
  ['command getkeys sort k by w_* get # store d', '*2\r\n$1\r\nk\r\n$1\r\nd\r\n'],
  ['command getkeys sort k store d limit 0 1 store e', '*2\r\n$1\r\nk\r\n$1\r\ne\r\n'],
  [
    'command getkeysandflags sort k store d',
    '*2\r\n*2\r\n$1\r\nk\r\n*2\r\n+RO\r\n+access\r\n*2\r\n$1\r\nd\r\n*2\r\n+OW\r\n+update\r\n',
  ],
  ['command getkeys sort_ro k by x', '*1\r\n$1\r\nk\r\n'],
];

export const SORT_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'rpush k 2 1 ; set w_1 x ; sort k get w_* get # ; sort nokey',
    ':2\r\n+OK\r\n*4\r\n$1\r\nx\r\n$1\r\n1\r\n_\r\n$1\r\n2\r\n*0\r\n',
  ],
];
