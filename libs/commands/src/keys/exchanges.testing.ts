// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const KEY_EXCHANGES: readonly Exchange[] = [
  // deleting, looking
  ['mset a 1 b 2 ; del a b c ; exists a b', '+OK\r\n:2\r\n:0\r\n'],
  ['mset a 1 b 2 ; unlink a a b', '+OK\r\n:2\r\n'],
  ['mset a 1 b 2 ; exists a b c a ; touch a b c a', '+OK\r\n:3\r\n:3\r\n'],
  ['type a ; set a 1 ; type a', '+none\r\n+OK\r\n+string\r\n'],
  ['del', "-ERR wrong number of arguments for 'del' command\r\n"],
  // expiring
  ['expire k 100', ':0\r\n'],
  [
    'set k v ; expire k 100 ; ttl k ; expire k 100 nx ; expire k 200 xx ; ttl k',
    '+OK\r\n:1\r\n:100\r\n:0\r\n:1\r\n:200\r\n',
  ],
  [
    'set k v ; expire k 100 xx ; expire k 100 nx ; expire k 50 gt ; ttl k ; expire k 50 lt ; ttl k ; expire k 200 gt ; ttl k',
    '+OK\r\n:0\r\n:1\r\n:0\r\n:100\r\n:1\r\n:50\r\n:1\r\n:200\r\n',
  ],
  ['set k v ; expire k 100 gt ; ttl k ; expire k 100 lt ; ttl k', '+OK\r\n:0\r\n:-1\r\n:1\r\n:100\r\n'],
  ['set k v ; expire k 0 ; exists k', '+OK\r\n:1\r\n:0\r\n'],
  ['set k v ; expire k -1 ; exists k', '+OK\r\n:1\r\n:0\r\n'],
  ['set k v ; pexpire k -9223372036854775808 ; exists k', '+OK\r\n:1\r\n:0\r\n'],
  [
    'set k v ; expireat k 4000000000 ; pexpiretime k ; expiretime k ; pexpireat k 4000000000499 ; expiretime k ; pexpireat k 4000000000500 ; expiretime k',
    '+OK\r\n:1\r\n:4000000000000\r\n:4000000000\r\n:1\r\n:4000000000\r\n:1\r\n:4000000001\r\n',
  ],
  ['set k v ; expireat k 1 ; exists k', '+OK\r\n:1\r\n:0\r\n'],
  ['set k v ; expire k 100 nx xx', '+OK\r\n-ERR NX and XX, GT or LT options at the same time are not compatible\r\n'],
  ['set k v ; expire k 100 nx gt', '+OK\r\n-ERR NX and XX, GT or LT options at the same time are not compatible\r\n'],
  ['set k v ; expire k 100 gt lt', '+OK\r\n-ERR GT and LT options at the same time are not compatible\r\n'],
  ['set k v ; expire k 100 foo', '+OK\r\n-ERR Unsupported option foo\r\n'],
  ['set k v ; expire k 100 "foo\\x00bar"', '+OK\r\n-ERR Unsupported option foo\r\n'],
  ['set k v ; expire k x', '+OK\r\n-ERR value is not an integer or out of range\r\n'],
  ['set k v ; expire k 9223372036854775807', "+OK\r\n-ERR invalid expire time in 'expire' command\r\n"],
  ['set k v ; expire k -9223372036854775808', "+OK\r\n-ERR invalid expire time in 'expire' command\r\n"],
  ['set k v ; expire k 9223372036854775', "+OK\r\n-ERR invalid expire time in 'expire' command\r\n"],
  ['set k v ; pexpire k 9223372036854775807', "+OK\r\n-ERR invalid expire time in 'pexpire' command\r\n"],
  ['set k v ; pexpireat k 4000000000000 xx lt', '+OK\r\n:0\r\n'],
  [
    'set k v ; pexpireat k 4000000000000 ; pexpireat k 4000000000000 gt ; pexpireat k 4000000000000 lt ; pexpireat k 4000000000001 xx gt',
    '+OK\r\n:1\r\n:0\r\n:0\r\n:1\r\n',
  ],
  ['ttl k ; pttl k ; expiretime k ; pexpiretime k', ':-2\r\n:-2\r\n:-2\r\n:-2\r\n'],
  ['set k v ; ttl k ; pttl k ; expiretime k ; pexpiretime k', '+OK\r\n:-1\r\n:-1\r\n:-1\r\n:-1\r\n'],
  ['persist k ; set k v ; persist k ; expire k 100 ; persist k ; ttl k', ':0\r\n+OK\r\n:0\r\n:1\r\n:1\r\n:-1\r\n'],
  // reading all
  ['keys * ; dbsize ; randomkey', '*0\r\n:0\r\n$-1\r\n'],
  [
    'mset abc 1 abd 2 xyz 3 ; keys ?bc ; keys x* ; keys [^a]* ; keys nothing ; dbsize',
    '+OK\r\n*1\r\n$3\r\nabc\r\n*1\r\n$3\r\nxyz\r\n*1\r\n$3\r\nxyz\r\n*0\r\n:3\r\n',
  ],
  ['set k v pxat 1 ; keys * ; randomkey ; dbsize', '+OK\r\n*0\r\n$-1\r\n:0\r\n'],
  [
    'scan 0 ; set k v ; scan 0 ; scan 0 match k* count 5 ; scan 0 match x ; scan 0 type string ; scan 0 TYPE list ; scan 0 type nosuch',
    '*2\r\n$1\r\n0\r\n*0\r\n+OK\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n',
  ],
  ['scan x', '-ERR invalid cursor\r\n'],
  ['scan " 0"', '-ERR invalid cursor\r\n'],
  ['scan -1', '*2\r\n$1\r\n0\r\n*0\r\n'],
  ['scan 18446744073709551616', '-ERR invalid cursor\r\n'],
  ['scan 18446744073709551615', '*2\r\n$1\r\n0\r\n*0\r\n'],
  ['scan 0 count 0', '-ERR syntax error\r\n'],
  ['scan 0 count x', '-ERR value is not an integer or out of range\r\n'],
  ['scan 0 count', '-ERR syntax error\r\n'],
  ['scan 0 foo bar', '-ERR syntax error\r\n'],
  ['set k v pxat 1 ; scan 0 ; dbsize', '+OK\r\n*2\r\n$1\r\n0\r\n*0\r\n:0\r\n'],
  // moving
  ['rename a b', '-ERR no such key\r\n'],
  [
    'set a 1 ; rename a a ; renamenx a a ; rename a b ; get b ; exists a',
    '+OK\r\n+OK\r\n:0\r\n+OK\r\n$1\r\n1\r\n:0\r\n',
  ],
  ['mset a 1 b 2 ; renamenx a b ; renamenx a c ; get c', '+OK\r\n:0\r\n:1\r\n$1\r\n1\r\n'],
  [
    'setex a 100 1 ; set b 2 ; rename a b ; ttl b ; set a 1 ; rename a b ; ttl b',
    '+OK\r\n+OK\r\n+OK\r\n:100\r\n+OK\r\n+OK\r\n:-1\r\n',
  ],
  ['renamenx a b', '-ERR no such key\r\n'],
  [
    'copy a b ; set a 1 ; copy a b ; copy a b ; set a 2 ; copy a b replace ; get b',
    ':0\r\n+OK\r\n:1\r\n:0\r\n+OK\r\n:1\r\n$1\r\n2\r\n',
  ],
  ['set a 1 ; copy a a', '+OK\r\n-ERR source and destination objects are the same\r\n'],
  ['set a 1 ; copy a a db 1 ; select 1 ; get a', '+OK\r\n:1\r\n+OK\r\n$1\r\n1\r\n'],
  ['set a 1 ; copy a b db 99', '+OK\r\n-ERR DB index is out of range\r\n'],
  [
    'set a 1 ; copy a b db 99999999999',
    '+OK\r\n-ERR value is out of range, value must between -2147483648 and 2147483647\r\n',
  ],
  ['set a 1 ; copy a b db x', '+OK\r\n-ERR value is not an integer or out of range\r\n'],
  ['set a 1 ; copy a b db', '+OK\r\n-ERR syntax error\r\n'],
  ['set a 1 ; copy a b foo', '+OK\r\n-ERR syntax error\r\n'],
  ['setex a 100 1 ; copy a b ; ttl b', '+OK\r\n:1\r\n:100\r\n'],
  ['set a 12 ; append a x ; copy a b ; object encoding b', '+OK\r\n:3\r\n:1\r\n$3\r\nraw\r\n'],
  [
    'set a 1 ; move a 1 ; move a 1 ; set a 2 ; move a 1 ; select 1 ; get a',
    '+OK\r\n:1\r\n:0\r\n+OK\r\n:0\r\n+OK\r\n$1\r\n1\r\n',
  ],
  ['move a 0', '-ERR source and destination objects are the same\r\n'],
  ['move a 16', '-ERR DB index is out of range\r\n'],
  ['move a x', '-ERR value is not an integer or out of range\r\n'],
  ['move a 99999999999', '-ERR value is out of range, value must between -2147483648 and 2147483647\r\n'],
  ['set a 1 ; swapdb 0 1 ; get a ; select 1 ; get a', '+OK\r\n+OK\r\n$-1\r\n+OK\r\n$1\r\n1\r\n'],
  ['swapdb 0 0', '+OK\r\n'],
  ['swapdb a 1', '-ERR invalid first DB index\r\n'],
  ['swapdb 0 b', '-ERR invalid second DB index\r\n'],
  ['swapdb 0 16', '-ERR DB index is out of range\r\n'],
  ['swapdb 0 -1', '-ERR DB index is out of range\r\n'],
  ['swapdb 99999999999 0', '-ERR invalid first DB index\r\n'],
  // OBJECT
  ['object encoding k ; object freq k ; object idletime k ; object refcount k', '$-1\r\n$-1\r\n$-1\r\n$-1\r\n'],
  ['set k v ; object refcount k ; object idletime k', '+OK\r\n:1\r\n:0\r\n'],
  [
    'set k 9999 ; object refcount k ; set k 10000 ; object refcount k ; set k -1 ; object refcount k',
    '+OK\r\n:2147483647\r\n+OK\r\n:1\r\n+OK\r\n:1\r\n',
  ],
  [
    'set k v ; object freq k',
    '+OK\r\n-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.\r\n',
  ],
  ['object', "-ERR wrong number of arguments for 'object' command\r\n"],
  ['object foo', "-ERR unknown subcommand 'foo'. Try OBJECT HELP.\r\n"],
  ['object encoding', "-ERR wrong number of arguments for 'object|encoding' command\r\n"],
  ['object help foo', "-ERR wrong number of arguments for 'object|help' command\r\n"],
  // DUMP, RESTORE
  ['dump k', '$-1\r\n'],
  ['set k v ; dump k', '+OK\r\n$13\r\n\x00\x01v\n\x00\x91\x08\xce\xb2\x198\x8a\xce\r\n'],
  ['set k 123 ; dump k', '+OK\r\n$13\r\n\x00\xc0{\n\x00H\xe2S\xe1\x00zg\xb9\r\n'],
  ['set k -12345 ; dump k', '+OK\r\n$14\r\n\x00\xc1\xc7\xcf\n\x00g\xed\xa26\xb4\xdb&\xd0\r\n'],
  ['set k 1234567890123 ; dump k', '+OK\r\n$25\r\n\x00\r1234567890123\n\x00^\x0c\x12\xae\x04)\xbc\x1e\r\n'],
  [
    'set k aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; dump k',
    '+OK\r\n$24\r\n\x00\xc3\x09@@\x01aa\xe03\x00\x01aa\n\x00\xc3e\x96\x12\xce\x1c\xc4l\r\n',
  ],
  ['set k v ; restore k 0 xx', '+OK\r\n-BUSYKEY Target key name already exists.\r\n'],
  ['set k v ; restore k x xx replace', '+OK\r\n-ERR value is not an integer or out of range\r\n'],
  ['restore k -1 xx', '-ERR Invalid TTL value, must be >= 0\r\n'],
  ['restore k 0 xx', '-ERR DUMP payload version or checksum are wrong\r\n'],
  ['restore k 0 xx foo', '-ERR syntax error\r\n'],
  ['restore k 0 xx idletime', '-ERR syntax error\r\n'],
  ['restore k 0 xx idletime -1', '-ERR Invalid IDLETIME value, must be >= 0\r\n'],
  ['restore k 0 xx idletime x', '-ERR value is not an integer or out of range\r\n'],
  ['restore k 0 xx freq 256', '-ERR Invalid FREQ value, must be >= 0 and <= 255\r\n'],
  ['restore k 0 xx freq 1 idletime 1', '-ERR syntax error\r\n'],
  ['restore k 0 xx replace absttl idletime 100', '-ERR DUMP payload version or checksum are wrong\r\n'],
  [
    'restore k 0 "\\x00\\xc0\\x7b\\x0a\\x00\\x48\\xe2\\x53\\xe1\\x00\\x7a\\x67\\xb9" ; get k ; object encoding k ; restore k 0 "\\x00\\x05\\x68\\x65\\x6c\\x6c\\x6f\\x0a\\x00\\x63\\x72\\xdf\\x76\\x65\\x34\\x20\\x0a" ; restore k 100000 "\\x00\\x05\\x68\\x65\\x6c\\x6c\\x6f\\x0a\\x00\\x63\\x72\\xdf\\x76\\x65\\x34\\x20\\x0a" REPLACE ; get k ; ttl k ; object encoding k',
    '+OK\r\n$3\r\n123\r\n$3\r\nint\r\n-BUSYKEY Target key name already exists.\r\n+OK\r\n$5\r\nhello\r\n:100\r\n$6\r\nembstr\r\n',
  ],
  [
    'restore k 4000000000000 "\\x00\\x01\\x76\\x0a\\x00\\x91\\x08\\xce\\xb2\\x19\\x38\\x8a\\xce" absttl ; pexpiretime k',
    '+OK\r\n:4000000000000\r\n',
  ],
  [
    'set k w ; restore k 1 "\\x00\\x01\\x76\\x0a\\x00\\x91\\x08\\xce\\xb2\\x19\\x38\\x8a\\xce" absttl replace ; exists k',
    '+OK\r\n+OK\r\n:0\r\n',
  ],
  [
    'restore k 1 "\\x00\\x01\\x76\\x0a\\x00\\x91\\x08\\xce\\xb2\\x19\\x38\\x8a\\xce" absttl ; exists k',
    '+OK\r\n:0\r\n',
  ],
  [
    'restore k 0 "\\x00\\x01\\x76\\x0a\\x00\\x91\\x08\\xce\\xb2\\x19\\x38\\x8a\\xce" idletime 1000 ; object idletime k',
    '+OK\r\n:1000\r\n',
  ],
  [
    'restore k 9223372036854775807 "\\x00\\x01\\x76\\x0a\\x00\\x91\\x08\\xce\\xb2\\x19\\x38\\x8a\\xce" ; exists k',
    '+OK\r\n:0\r\n',
  ],
  // whole databases
  [
    'set a 1 ; select 1 ; set b 1 ; flushdb ; dbsize ; select 0 ; dbsize',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n:0\r\n+OK\r\n:1\r\n',
  ],
  [
    'set a 1 ; select 1 ; set b 1 ; flushall ; dbsize ; select 0 ; dbsize',
    '+OK\r\n+OK\r\n+OK\r\n+OK\r\n:0\r\n+OK\r\n:0\r\n',
  ],
  ['flushall sync ; flushall async ; flushdb SYNC ; flushdb ASYNC', '+OK\r\n+OK\r\n+OK\r\n+OK\r\n'],
  ['flushall foo', '-ERR syntax error\r\n'],
  ['flushdb sync async', '-ERR syntax error\r\n'],
  // WAIT
  ['wait 0 0', ':0\r\n'],
  ['wait -1 0', ':0\r\n'],
  ['wait x 0', '-ERR value is not an integer or out of range\r\n'],
  ['wait 0 -1', '-ERR timeout is negative\r\n'],
  ['wait 0 x', '-ERR timeout is not an integer or out of range\r\n'],
];

export const KEY_EXCHANGES_RESP3: readonly Exchange[] = [
  ['randomkey ; dump k ; object encoding k', '_\r\n_\r\n_\r\n'],
  [
    'set k v ; keys * ; scan 0 ; ttl k ; exists k ; type k',
    '+OK\r\n*1\r\n$1\r\nk\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\nk\r\n:-1\r\n:1\r\n+string\r\n',
  ],
];
