// Recorded from redis-server 7.0.15, an empty data set and proto-max-bulk-len 1048576 for each line.

import type { Exchange } from '../transcript.testing.ts';

export const BITMAP_EXCHANGES: readonly Exchange[] = [
  // SETBIT, GETBIT
  [
    'setbit k 7 1 ; get k ; object encoding k ; getbit k 7 ; getbit k 6 ; getbit k 100 ; setbit k 7 0 ; get k ; strlen k',
    ':0\r\n$1\r\n\x01\r\n$3\r\nraw\r\n:1\r\n:0\r\n:0\r\n:1\r\n$1\r\n\x00\r\n:1\r\n',
  ],
  ['setbit k 20 0 ; strlen k ; setbit k 0 0 ; strlen k', ':0\r\n:3\r\n:0\r\n:3\r\n'],
  [
    'set n 12 ; setbit n 7 1 ; get n ; object encoding n ; set e abc ; setbit e 0 0 ; object encoding e',
    '+OK\r\n:1\r\n$2\r\n12\r\n$3\r\nraw\r\n+OK\r\n:0\r\n$3\r\nraw\r\n',
  ],
  [
    'setbit k -1 1 ; setbit k x 1 ; setbit k 8388608 1 ; setbit k 8388607 1 ; strlen k ; getbit k 8388608 ; getbit k 8388607',
    '-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n:0\r\n:1048576\r\n-ERR bit offset is not an integer or out of range\r\n:1\r\n',
  ],
  [
    'setbit k 0 2 ; setbit k 0 x ; setbit k 0 -1 ; setbit k x 2 ; exists k',
    '-ERR bit is not an integer or out of range\r\n-ERR bit is not an integer or out of range\r\n-ERR bit is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n:0\r\n',
  ],
  [
    'lpush l x ; setbit l 0 1 ; getbit l 0 ; setbit l x 1 ; getbit l x ; bitcount l ; bitpos l 1 ; bitop not d l ; bitfield l get u8 0 ; bitfield l set u8 0 1 ; bitfield_ro l get u8 0',
    ':1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  ['getbit nosuch 0 ; getbit nosuch -1', ':0\r\n-ERR bit offset is not an integer or out of range\r\n'],
  ['setex k 100 a ; setbit k 30 1 ; ttl k', '+OK\r\n:0\r\n:100\r\n'],
  // BITCOUNT
  [
    'set k foobar ; bitcount k ; bitcount k 0 0 ; bitcount k 1 1 ; bitcount k 1 1 BYTE ; bitcount k 5 30 BIT ; bitcount k -2 -1 ; bitcount k -1 -2 ; bitcount k 0 100 ; bitcount k 10 20 ; bitcount k -100 -50',
    '+OK\r\n:26\r\n:4\r\n:6\r\n:6\r\n:17\r\n:7\r\n:0\r\n:26\r\n:0\r\n:4\r\n',
  ],
  [
    'set k foobar ; bitcount k 0 ; bitcount k 0 1 x ; bitcount k x 1 ; bitcount k 0 1 bit x ; bitcount k 0 9223372036854775808',
    '+OK\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'set k "" ; bitcount k ; bitcount k 0 -1 ; bitcount nosuch ; bitcount nosuch 0 -1 bit',
    '+OK\r\n:0\r\n:0\r\n:0\r\n:0\r\n',
  ],
  [
    'set k foobar ; bitcount k -9223372036854775808 9223372036854775807 ; bitcount k -9223372036854775807 -9223372036854775808 ; bitcount k -9223372036854775808 -9223372036854775807 bit',
    '+OK\r\n:26\r\n:0\r\n:0\r\n',
  ],
  // BITPOS
  [
    'set k "\\xff\\xf0\\x00" ; bitpos k 0 ; bitpos k 1 ; bitpos k 1 2 ; bitpos k 0 0 0 ; bitpos k 0 0 -1 BIT ; bitpos k 0 5 9 bit ; bitpos k 0 5 12 bit ; bitpos k 1 12 -1 bit ; bitpos k 0 -1 ; bitpos k 1 -2 -1 byte',
    '+OK\r\n:12\r\n:0\r\n:-1\r\n:-1\r\n:12\r\n:-1\r\n:12\r\n:-1\r\n:16\r\n:8\r\n',
  ],
  [
    'set k "\\xff\\xff\\xff" ; bitpos k 0 ; bitpos k 0 0 ; bitpos k 0 0 -1 ; bitpos k 0 1 ; bitpos k 0 5 ; bitpos k 0 0 -1 bit',
    '+OK\r\n:24\r\n:24\r\n:-1\r\n:24\r\n:-1\r\n:-1\r\n',
  ],
  [
    'set k "\\x00\\x00" ; bitpos k 1 ; bitpos k 1 0 -1 ; bitpos k 0 7 7 bit ; bitpos k 0 100 200',
    '+OK\r\n:-1\r\n:-1\r\n:7\r\n:-1\r\n',
  ],
  [
    'bitpos nosuch 0 ; bitpos nosuch 1 ; bitpos nosuch 0 5 9 bit ; bitpos nosuch 2 ; bitpos nosuch x',
    ':0\r\n:-1\r\n:0\r\n-ERR The bit argument must be 1 or 0.\r\n-ERR value is not an integer or out of range\r\n',
  ],
  ['set k "" ; bitpos k 0 ; bitpos k 1', '+OK\r\n:-1\r\n:-1\r\n'],
  [
    'set k a ; bitpos k 2 ; bitpos k 1 x ; bitpos k 1 0 x ; bitpos k 1 0 -1 x ; bitpos k 1 0 -1 bit x',
    '+OK\r\n-ERR The bit argument must be 1 or 0.\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  // BITOP
  [
    'set a abc ; set b "\\xff\\x0f" ; bitop and d a b ; get d ; bitop or d a b ; get d ; bitop xor d a b ; get d ; bitop not d a ; get d ; object encoding d',
    '+OK\r\n+OK\r\n:3\r\n$3\r\na\x02\x00\r\n:3\r\n$3\r\n\xffoc\r\n:3\r\n$3\r\n\x9emc\r\n:3\r\n$3\r\n\x9e\x9d\x9c\r\n$3\r\nraw\r\n',
  ],
  [
    'set a abc ; bitop and d a nosuch ; get d ; bitop or d a nosuch ; get d ; bitop and d nosuch ; exists d ; bitop or a a a ; get a',
    '+OK\r\n:3\r\n$3\r\n\x00\x00\x00\r\n:3\r\n$3\r\nabc\r\n:0\r\n:0\r\n:3\r\n$3\r\nabc\r\n',
  ],
  [
    'set a abc ; setex d 100 old ; bitop or d a ; ttl d ; lpush l x ; bitop or l a ; type l',
    '+OK\r\n+OK\r\n:3\r\n:-1\r\n:1\r\n:3\r\n+string\r\n',
  ],
  [
    'set a abc ; set b b ; bitop xor a a b ; get a ; bitop not a a ; get a ; bitop and b a b ; get b',
    '+OK\r\n+OK\r\n:3\r\n$3\r\n\x03bc\r\n:3\r\n$3\r\n\xfc\x9d\x9c\r\n:3\r\n$3\r\n`\x00\x00\r\n',
  ],
  [
    'bitop not d a b ; bitop foo d a ; bitop and d ; bitop',
    "-ERR BITOP NOT must be called with a single source key.\r\n-ERR syntax error\r\n-ERR wrong number of arguments for 'bitop' command\r\n-ERR wrong number of arguments for 'bitop' command\r\n",
  ],
  ['set e "" ; set d x ; bitop not d e ; exists d', '+OK\r\n+OK\r\n:0\r\n:0\r\n'],
  ['set n 12345 ; bitop or d n ; object encoding d ; get d', '+OK\r\n:5\r\n$3\r\nraw\r\n$5\r\n12345\r\n'],
  // BITFIELD
  [
    'bitfield k set u8 0 255 get u8 0 get i8 0 get u4 4 get u16 0 get u8 100 ; strlen k ; object encoding k',
    '*6\r\n:0\r\n:255\r\n:-1\r\n:15\r\n:65280\r\n:0\r\n:1\r\n$3\r\nraw\r\n',
  ],
  [
    'bitfield k incrby u8 0 10 incrby u8 #1 20 get u8 #1 get u16 0 incrby i5 100 1 get u4 0',
    '*6\r\n:10\r\n:20\r\n:20\r\n:2580\r\n:1\r\n:0\r\n',
  ],
  [
    'bitfield k set i64 0 9223372036854775807 incrby i64 0 1 get i64 0 get u63 1',
    '*4\r\n:0\r\n:-9223372036854775808\r\n:-9223372036854775808\r\n:0\r\n',
  ],
  [
    'bitfield k set i64 0 -9223372036854775808 overflow sat incrby i64 0 -1 overflow fail incrby i64 0 -1 get i64 0',
    '*4\r\n:0\r\n:-9223372036854775808\r\n$-1\r\n:-9223372036854775808\r\n',
  ],
  [
    'bitfield k overflow wrap incrby u2 0 3 incrby u2 0 3 overflow sat incrby u2 0 3 incrby u2 0 3 overflow fail incrby u2 0 1 incrby u2 0 -3 incrby u2 0 -1',
    '*7\r\n:3\r\n:2\r\n:3\r\n:3\r\n$-1\r\n:0\r\n$-1\r\n',
  ],
  [
    'bitfield k overflow sat set u8 0 -1 set i8 8 1000 set i8 16 -1000 get u8 0 get i8 8 get i8 16 overflow fail set u8 0 256 set i8 8 -129 get u8 0',
    '*9\r\n:0\r\n:0\r\n:0\r\n:255\r\n:127\r\n:-128\r\n$-1\r\n$-1\r\n:255\r\n',
  ],
  [
    'bitfield k overflow sat set i8 0 -9223372036854775808 get i8 0 overflow wrap set i8 0 -9223372036854775808 get i8 0 set i33 3 -4294967297 get i33 3',
    '*6\r\n:0\r\n:127\r\n:127\r\n:0\r\n:0\r\n:4294967295\r\n',
  ],
  [
    'bitfield k set u63 1 9223372036854775807 overflow fail incrby u63 1 1 overflow sat incrby u63 1 1 overflow wrap incrby u63 1 1 incrby u63 1 -1',
    '*5\r\n:0\r\n$-1\r\n:9223372036854775807\r\n:0\r\n:9223372036854775807\r\n',
  ],
  [
    'bitfield k set u63 3 4611686018427387904 incrby u63 3 4611686018427387904 incrby u63 3 -9223372036854775808',
    '*3\r\n:0\r\n:0\r\n:0\r\n',
  ],
  [
    'bitfield k set u8 #2305843009213693952 7 ; bitfield k set u8 #1152921504606846975 1 ; bitfield k set u8 #x 1 ; bitfield k set u8 # 1 ; bitfield k get u8 ## ; strlen k',
    '*1\r\n:0\r\n-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n-ERR bit offset is not an integer or out of range\r\n:1\r\n',
  ],
  [
    'bitfield k set u8 8388600 1 ; bitfield k set u8 8388608 1 ; bitfield k set u16 8388607 1 ; strlen k',
    '*1\r\n:0\r\n-ERR bit offset is not an integer or out of range\r\n*1\r\n:32768\r\n:1048578\r\n',
  ],
  [
    'bitfield k get u64 0 ; bitfield k get i65 0 ; bitfield k get u0 0 ; bitfield k get x8 0 ; bitfield k get u08 0 ; bitfield k get U8 0 ; bitfield k get i 0 ; bitfield k get u8 -1 ; bitfield k set u8 0 x',
    '-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.\r\n-ERR bit offset is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'bitfield k ; bitfield k get ; bitfield k get u8 ; bitfield k set u8 0 ; bitfield k overflow ; bitfield k overflow x ; bitfield k overflow fail ; bitfield k foo ; exists k ; bitfield',
    "*0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR Invalid OVERFLOW type specified\r\n*0\r\n-ERR syntax error\r\n:0\r\n-ERR wrong number of arguments for 'bitfield' command\r\n",
  ],
  ['bitfield k overflow fail set u2 0 5 ; exists k ; strlen k', '*1\r\n$-1\r\n:1\r\n:1\r\n'],
  [
    'bitfield_ro k get u8 0 ; bitfield_ro k set u8 0 1 ; bitfield_ro k ; bitfield_ro k incrby u8 0 1 ; exists k ; set k abc ; bitfield_ro k get u8 8 get i4 #1',
    '*1\r\n:0\r\n-ERR BITFIELD_RO only supports the GET subcommand\r\n*0\r\n-ERR BITFIELD_RO only supports the GET subcommand\r\n:0\r\n+OK\r\n*2\r\n:98\r\n:1\r\n',
  ],
  [
    'bitfield k set u8 0 1 foo ; exists k ; bitfield k set u8 0 1 get u8 x ; exists k',
    '-ERR syntax error\r\n:0\r\n-ERR bit offset is not an integer or out of range\r\n:0\r\n',
  ],
];

export const BITMAP_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'bitfield k overflow fail incrby u2 0 5 get u2 0 ; bitfield_ro k get i64 0 ; setbit k 5 1 ; bitcount k ; bitpos k 1 ; bitop not d k',
    '*2\r\n_\r\n:0\r\n*1\r\n:0\r\n:0\r\n:1\r\n:5\r\n:1\r\n',
  ],
];
