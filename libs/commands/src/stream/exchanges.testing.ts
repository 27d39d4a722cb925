// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const STREAM_EXCHANGES: readonly Exchange[] = [
  // a stream without entries
  [
    'xadd s 1-1 f v ; xdel s 1-1 ; xinfo stream s ; xinfo stream s full',
    '$3\r\n1-1\r\n:1\r\n*20\r\n$6\r\nlength\r\n:0\r\n$15\r\nradix-tree-keys\r\n:0\r\n$16\r\nradix-tree-nodes\r\n:1\r\n$17\r\nlast-generated-id\r\n$3\r\n1-1\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n1-1\r\n$13\r\nentries-added\r\n:1\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n0-0\r\n$6\r\ngroups\r\n:0\r\n$11\r\nfirst-entry\r\n$-1\r\n$10\r\nlast-entry\r\n$-1\r\n*18\r\n$6\r\nlength\r\n:0\r\n$15\r\nradix-tree-keys\r\n:0\r\n$16\r\nradix-tree-nodes\r\n:1\r\n$17\r\nlast-generated-id\r\n$3\r\n1-1\r\n$20\r\nmax-deleted-entry-id\r\n$3\r\n1-1\r\n$13\r\nentries-added\r\n:1\r\n$23\r\nrecorded-first-entry-id\r\n$3\r\n0-0\r\n$7\r\nentries\r\n*0\r\n$6\r\ngroups\r\n*0\r\n',
  ],
  // entries
  [
    'xadd s 1-1 f v ; xadd s 1-2 f w g x ; xadd s 2 a b ; xlen s ; xrange s - + ; xrevrange s + - ; type s ; object encoding s',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n2-0\r\n:3\r\n*3\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nf\r\n$1\r\nw\r\n$1\r\ng\r\n$1\r\nx\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*3\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nf\r\n$1\r\nw\r\n$1\r\ng\r\n$1\r\nx\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+stream\r\n$6\r\nstream\r\n',
  ],
  ['xadd s 0-0 f v ; exists s', '-ERR The ID specified in XADD must be greater than 0-0\r\n:0\r\n'],
  [
    'xadd s 0-1 f v ; xadd s 0-1 f v ; xadd s 0 f v ; xadd s 0-* f v ; xadd s 1-* f v ; xadd s 1-* f v',
    '$3\r\n0-1\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n-ERR The ID specified in XADD must be greater than 0-0\r\n$3\r\n0-2\r\n$3\r\n1-0\r\n$3\r\n1-1\r\n',
  ],
  [
    'xadd s 18446744073709551615-18446744073709551615 f v ; xadd s * f v ; xadd s 5 f v ; xadd s 18446744073709551615-* f v',
    '$41\r\n18446744073709551615-18446744073709551615\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n',
  ],
  [
    'xadd s 18446744073709551615-18446744073709551614 f v ; xadd s 18446744073709551615-* f v ; xrange s - +',
    '$41\r\n18446744073709551615-18446744073709551614\r\n$41\r\n18446744073709551615-18446744073709551615\r\n*2\r\n*2\r\n$41\r\n18446744073709551615-18446744073709551614\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$41\r\n18446744073709551615-18446744073709551615\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xadd s 9007199254740993-9007199254740995 f v ; xrange s 9007199254740993 +',
    '$33\r\n9007199254740993-9007199254740995\r\n*1\r\n*2\r\n$33\r\n9007199254740993-9007199254740995\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xadd s 1 f ; xadd s 1 f v g ; xadd s 1 ; xadd s ; xadd s maxlen 5 1 f v w',
    "-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n",
  ],
  [
    'xadd s x f v ; xadd s - f v ; xadd s + f v ; xadd s 1-x f v ; xadd s -1 f v ; xadd s 1- f v ; xadd s 1-2-3 f v ; xadd s (1-1 f v ; xadd s "" f v ; xadd s 18446744073709551616-0 f v',
    '-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n',
  ],
  [
    'xadd s 01-1 f v ; xadd s " 2-1" f v ; xadd s +3-1 f v ; xadd s "4-\\t+5" f v ; xadd s 5-\\x006 f v ; xadd s "6-1\\x00junk" f v',
    '$3\r\n1-1\r\n$3\r\n2-1\r\n$3\r\n3-1\r\n$3\r\n4-5\r\n-ERR Invalid stream ID specified as stream command argument\r\n$3\r\n6-1\r\n',
  ],
  [
    'xadd s nomkstream 1 f v ; exists s ; xadd s 1 f v ; xadd s NOMKSTREAM 2 f v',
    '$-1\r\n:0\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n',
  ],
  [
    'xadd s 1 "" "" ; xadd s 2 -9223372036854775808 9223372036854775808 ; xadd s 3 f \\xff\\x00\\r\\n ; xrange s - +',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n*3\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$0\r\n\r\n$0\r\n\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$20\r\n-9223372036854775808\r\n$19\r\n9223372036854775808\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$12\r\n\\xff\\x00\\r\\n\r\n',
  ],
  [
    'set s v ; xadd s 1 f v ; xlen s ; xrange s - + ; xdel s 1 ; xtrim s maxlen 0 ; xread streams s 0 ; xsetid s 1 ; xinfo stream s ; xack s g 1',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  // trimming
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s maxlen 2 ; xrange s - + ; xtrim s maxlen = 1 ; xtrim s maxlen ~ 0 ; xlen s ; exists s',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n*2\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:1\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s maxlen 1 3 f v ; xrange s - + ; xadd s maxlen 0 4 f v ; xlen s ; xadd s 4-* f v',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n$3\r\n4-0\r\n:0\r\n$3\r\n4-1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s minid 2 ; xtrim s minid = 2-1 ; xrange s - + ; xtrim s minid ~ 10 ; xlen s',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n:1\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:1\r\n:0\r\n',
  ],
  [
    'xadd s maxlen ~ 5 limit 10 1 f v ; xadd s maxlen 5 limit 10 2 f v ; xadd s limit 10 2 f v ; xadd s limit 0 2 f v ; xadd s maxlen 5 minid 1 3 f v',
    '$3\r\n1-0\r\n-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n',
  ],
  [
    'xtrim s ; xtrim s maxlen ; xtrim s maxlen x ; xtrim s maxlen -1 ; xtrim s minid x ; xtrim s maxlen ~ ; xtrim s limit 5 ; xtrim s maxlen ~ 5 limit -1 ; xtrim s maxlen ~ 5 limit x ; xtrim s foo 5 ; xtrim s maxlen 5 foo ; xtrim s maxlen 5 maxlen 6',
    "-ERR wrong number of arguments for 'xtrim' command\r\n-ERR wrong number of arguments for 'xtrim' command\r\n-ERR value is not an integer or out of range\r\n-ERR The MAXLEN argument must be >= 0.\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n-ERR The LIMIT argument must be >= 0.\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
  ],
  [
    'config set stream-node-max-entries 2 ; xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xadd s 4 f v ; xadd s 5 f v ; xtrim s maxlen ~ 2 ; xtrim s maxlen ~ 0 limit 1 ; xtrim s maxlen ~ 0 limit 2 ; xlen s ; xtrim s maxlen ~ 0 ; xlen s ; config set stream-node-max-entries 100',
    '+OK\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n$3\r\n4-0\r\n$3\r\n5-0\r\n:2\r\n:0\r\n:2\r\n:1\r\n:1\r\n:0\r\n+OK\r\n',
  ],
  [
    'config set stream-node-max-entries 2 ; xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s minid ~ 2 ; xtrim s minid ~ 3 ; xrange s - + ; config set stream-node-max-entries 100',
    '+OK\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:0\r\n:2\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+OK\r\n',
  ],
  // ranges
  [
    'xadd s 1-1 a 1 ; xadd s 1-2 a 2 ; xadd s 2-1 a 3 ; xrange s 1 1 ; xrange s (1-1 + ; xrange s - (2-1 ; xrevrange s 1 - ; xrange s - + count 2 ; xrevrange s + - count 1 ; xrange s + - ; xrange s 3 + ; xrange nosuch - +',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n2-1\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\na\r\n$1\r\n3\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\na\r\n$1\r\n3\r\n*0\r\n*0\r\n*0\r\n',
  ],
  [
    'xrange s - + count ; xrange s - + foo 1 ; xrange s - + count x ; xrange s x + ; xrange s - y ; xrange s (- + ; xrange s - (+ ; xrange s (18446744073709551615-18446744073709551615 + ; xrange s - (0-0 ; xrange s ( + ; xrange s',
    "-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR invalid start ID for the interval\r\n-ERR invalid end ID for the interval\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR wrong number of arguments for 'xrange' command\r\n",
  ],
  [
    'xadd s 1 f v ; xrange s - + count 0 ; xrange s - + count -1 ; xrevrange s + - count 1 count 0 ; xrange nosuch - + count 0',
    '$3\r\n1-0\r\n*-1\r\n*-1\r\n*-1\r\n*0\r\n',
  ],
  // deletion
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xdel s 2 2 9 ; xrange s - + ; xdel s 1 3 ; xlen s ; exists s ; xadd s 3 f v ; xadd s 4 f v ; xrange s - +',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:2\r\n:0\r\n:1\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n4-0\r\n*1\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xdel nosuch 1 ; xdel s x ; xadd s 1 f v ; xdel s 1 x ; xlen s ; xdel s',
    ":0\r\n:0\r\n$3\r\n1-0\r\n-ERR Invalid stream ID specified as stream command argument\r\n:1\r\n-ERR wrong number of arguments for 'xdel' command\r\n",
  ],
  // reading
  [
    'xadd s 1 f v ; xadd t 5 g w ; xread streams s t 0 0 ; xread count 1 streams s t 1 0 ; xread streams s $ ; xread streams nosuch 0 ; xread streams s 1 ; xread streams t s 4-18446744073709551615 0-1',
    '$3\r\n1-0\r\n$3\r\n5-0\r\n*2\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n*1\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n*-1\r\n*-1\r\n*-1\r\n*2\r\n*2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xread streams s ; xread count 1 ; xread streams ; xread foo streams s 0 ; xread count x streams s 0 ; xread block -1 streams s 0 ; xread block x streams s 0 ; xread group g c streams s 0 ; xread noack streams s 0 ; xread streams s > ; xread streams s x',
    "-ERR wrong number of arguments for 'xread' command\r\n-ERR wrong number of arguments for 'xread' command\r\n-ERR wrong number of arguments for 'xread' command\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR timeout is negative\r\n-ERR timeout is not an integer or out of range\r\n-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.\r\n-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.\r\n-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.\r\n-ERR Invalid stream ID specified as stream command argument\r\n",
  ],
  [
    'xadd s 1 f v ; xread count 0 streams s 0 ; xread count -5 streams s 0 ; xread count 1 count 2 streams s 0 ; xread block 0 streams s 0',
    '$3\r\n1-0\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  // XSETID
  [
    'xsetid s 1 ; xadd s 5 f v ; xsetid s 4 ; xsetid s 7-3 ; xadd s 7-3 f v ; xadd s 7-* f v ; xsetid s 8 entriesadded 1 ; xsetid s 8 entriesadded 100 maxdeletedid 7 ; xsetid s 8 maxdeletedid 9 ; xsetid s 8 entriesadded -1 ; xsetid s 8 entriesadded ; xsetid s x ; xsetid s 9 entriesadded x',
    '-ERR no such key\r\n$3\r\n5-0\r\n-ERR The ID specified in XSETID is smaller than the target stream top item\r\n+OK\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n7-4\r\n-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n+OK\r\n-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n-ERR entries_added must be positive\r\n-ERR syntax error\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR value is not an integer or out of range\r\n',
  ],
  // groups
  [
    'xgroup create s g $ ; xgroup create s g $ mkstream ; xgroup create s g 0 ; xgroup create s h x ; xgroup create s h - ; xgroup create s i 0 entriesread 5 ; xgroup create s j 0 entriesread -2 ; xgroup create s j 0 entriesread x ; xgroup create s j 0 foo ; xinfo groups s',
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n+OK\r\n-BUSYGROUP Consumer Group name already exists\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n+OK\r\n-ERR value for ENTRIESREAD must be positive or -1\r\n-ERR value is not an integer or out of range\r\n-ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.\r\n*2\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:0\r\n*12\r\n$4\r\nname\r\n$1\r\ni\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n:5\r\n$3\r\nlag\r\n:0\r\n",
  ],
  [
    'xgroup setid s g 0 ; xadd s 1 f v ; xgroup setid s g 0 ; xgroup create s g 0 ; xgroup setid s g $ ; xgroup setid s g + ; xgroup setid s g - entriesread 3 ; xgroup setid s g x ; xgroup setid s g 0 mkstream ; xinfo groups s',
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n$3\r\n1-0\r\n-NOGROUP No such consumer group 'g' for key name 's'\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.\r\n*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n:3\r\n$3\r\nlag\r\n:-2\r\n",
  ],
  [
    'xgroup destroy s g ; xgroup create s g 0 mkstream ; xgroup destroy s nosuch ; xgroup destroy s g ; xgroup destroy s g ; exists s',
    '-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n+OK\r\n:0\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'xgroup create s g 0 mkstream ; xgroup createconsumer s g c ; xgroup createconsumer s g c ; xgroup createconsumer s h c ; xgroup delconsumer s g c ; xgroup delconsumer s g c ; xgroup delconsumer s h c ; xgroup createconsumer t g c',
    "+OK\r\n:1\r\n:0\r\n-NOGROUP No such consumer group 'h' for key name 's'\r\n:0\r\n:0\r\n-NOGROUP No such consumer group 'h' for key name 's'\r\n-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  [
    'xgroup ; xgroup create ; xgroup foo s g ; xgroup destroy s ; xgroup create s g ; xgroup setid s g 0 entriesread 1 2 ; xgroup help ; xinfo help',
    "-ERR wrong number of arguments for 'xgroup' command\r\n-ERR wrong number of arguments for 'xgroup|create' command\r\n-ERR unknown subcommand 'foo'. Try XGROUP HELP.\r\n-ERR wrong number of arguments for 'xgroup|destroy' command\r\n-ERR wrong number of arguments for 'xgroup|create' command\r\n-ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.\r\n*17\r\n+XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CREATE <key> <groupname> <id|$> [option]\r\n+    Create a new consumer group. Options are:\r\n+    * MKSTREAM\r\n+      Create the empty stream if it does not exist.\r\n+    * ENTRIESREAD entries_read\r\n+      Set the group's entries_read counter (internal use).\r\n+CREATECONSUMER <key> <groupname> <consumer>\r\n+    Create a new consumer in the specified group.\r\n+DELCONSUMER <key> <groupname> <consumer>\r\n+    Remove the specified consumer.\r\n+DESTROY <key> <groupname>\r\n+    Remove the specified group.\r\n+SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]\r\n+    Set the current group ID and entries_read counter.\r\n+HELP\r\n+    Prints this help.\r\n*9\r\n+XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CONSUMERS <key> <groupname>\r\n+    Show consumers of <groupname>.\r\n+GROUPS <key>\r\n+    Show the stream consumer groups.\r\n+STREAM <key> [FULL [COUNT <count>]\r\n+    Show information about the stream.\r\n+HELP\r\n+    Prints this help.\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a count 1 streams s > ; xreadgroup group g b streams s > ; xreadgroup group g a streams s > ; xreadgroup group g a streams s 0 ; xpending s g ; xpending s g - + 10 a ; xack s g 1 1 9 ; xack s g x ; xpending s g ; xack nosuch g 1 ; xack s nosuch 1',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*-1\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*4\r\n:2\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:0\r\n:2\r\n:1\r\n-ERR Invalid stream ID specified as stream command argument\r\n*4\r\n:1\r\n$3\r\n2-0\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n:0\r\n:0\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a noack streams s > ; xpending s g ; xinfo groups s ; xreadgroup group g a streams s 0',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n$3\r\nlag\r\n:0\r\n*1\r\n*2\r\n$1\r\ns\r\n*0\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xdel s 1 ; xreadgroup group g a streams s 0 ; xclaim s g a 0 1 2 ; xpending s g',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n:1\r\n*1\r\n*2\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*-1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*4\r\n:1\r\n$3\r\n2-0\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n',
  ],
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xgroup setid s g 0 ; xreadgroup group g b streams s > ; xpending s g ; xgroup delconsumer s g b ; xpending s g',
    '$3\r\n1-0\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*4\r\n:1\r\n$3\r\n1-0\r\n$3\r\n1-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n:1\r\n*4\r\n:0\r\n$-1\r\n$-1\r\n*-1\r\n',
  ],
  [
    'xreadgroup group g c streams s > ; xreadgroup streams s > ; xreadgroup group g c streams s $ ; xgroup create s g 0 mkstream ; xreadgroup group g c streams s $ ; xreadgroup group g c streams s x ; xreadgroup group g c streams s > ; xreadgroup group g ; xreadgroup count 1 group g c streams s 0',
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n-ERR wrong number of arguments for 'xreadgroup' command\r\n-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n+OK\r\n-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.\r\n-ERR Invalid stream ID specified as stream command argument\r\n*-1\r\n-ERR wrong number of arguments for 'xreadgroup' command\r\n*1\r\n*2\r\n$1\r\ns\r\n*0\r\n",
  ],
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xpending s g - + ; xpending s nosuch ; xpending nosuch g ; xpending s g - + x ; xpending s g x + 1 ; xpending s g - + -1 ; xpending s g idle 5 - + ; xpending s g idle x - + 1 ; xpending s g - + 1 nosuch ; xpending s g (- + 1 ; xpending s g idle 0 - + 10 c ; xpending s g - + 1 c d e f',
    "$3\r\n1-0\r\n+OK\r\n-ERR syntax error\r\n-NOGROUP No such key 's' or consumer group 'nosuch'\r\n-NOGROUP No such key 'nosuch' or consumer group 'g'\r\n-ERR value is not an integer or out of range\r\n-ERR Invalid stream ID specified as stream command argument\r\n*0\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n*0\r\n-ERR Invalid stream ID specified as stream command argument\r\n*0\r\n-ERR syntax error\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xclaim s g a 0 1 force ; xclaim s g b 0 1 2 justid ; xclaim s g b 0 1 retrycount 7 time 1000 ; xclaim s g c 0 1 ; xclaim s g a 100000 1 ; xclaim s g a 0 1 lastid 2 justid ; xinfo groups s ; xclaim s g a 0 2 force retrycount 9223372036854775807 justid',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n$3\r\n1-0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n*1\r\n$3\r\n1-0\r\n*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:3\r\n$7\r\npending\r\n:1\r\n$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:0\r\n*1\r\n$3\r\n2-0\r\n',
  ],
  [
    'xclaim s g c 0 1 ; xadd s 1 f v ; xclaim s g c 0 1 ; xgroup create s g 0 ; xclaim s g c x 1 ; xclaim s g c 0 1 foo ; xclaim s g c 0 1 idle x ; xclaim s g c 0 1 time x ; xclaim s g c 0 1 retrycount x ; xclaim s g c 0 1 lastid x ; xclaim s g c 0 1 idle ; xclaim s g c -5 1',
    "-NOGROUP No such key 's' or consumer group 'g'\r\n$3\r\n1-0\r\n-NOGROUP No such key 's' or consumer group 'g'\r\n+OK\r\n-ERR Invalid min-idle-time argument for XCLAIM\r\n-ERR Unrecognized XCLAIM option 'foo'\r\n-ERR Invalid IDLE option argument for XCLAIM\r\n-ERR Invalid TIME option argument for XCLAIM\r\n-ERR Invalid RETRYCOUNT option argument for XCLAIM\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Unrecognized XCLAIM option 'idle'\r\n*0\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xadd s 3 f x ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xdel s 2 ; xautoclaim s g b 0 0 count 1 ; xautoclaim s g b 0 2 count 1 justid ; xautoclaim s g b 0 (1 ; xautoclaim s g b 100000 0 ; xpending s g',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n+OK\r\n*1\r\n*2\r\n$1\r\ns\r\n*3\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nx\r\n:1\r\n*3\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n*3\r\n$3\r\n3-0\r\n*0\r\n*1\r\n$3\r\n2-0\r\n*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nx\r\n*0\r\n*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n*4\r\n:2\r\n$3\r\n1-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n',
  ],
  [
    'xautoclaim s g c 0 0 ; xautoclaim s g c x 0 ; xautoclaim s g c 0 x ; xautoclaim s g c 0 0 count 0 ; xautoclaim s g c 0 0 count x ; xautoclaim s g c 0 0 foo ; xautoclaim s g c 0 0 count ; xautoclaim s g c 0 (18446744073709551615-18446744073709551615',
    "-NOGROUP No such key 's' or consumer group 'g'\r\n-ERR Invalid min-idle-time argument for XAUTOCLAIM\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR COUNT must be > 0\r\n-ERR COUNT must be > 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR invalid start ID for the interval\r\n",
  ],
  [
    'xinfo stream s ; xinfo groups s ; xinfo consumers s g ; xadd s 1 f v ; xinfo consumers s g ; xinfo groups s ; xinfo stream s foo ; xinfo stream s full foo 1 ; xinfo stream s full count x ; xinfo foo s ; xinfo',
    "-ERR no such key\r\n-ERR no such key\r\n-ERR no such key\r\n$3\r\n1-0\r\n-NOGROUP No such consumer group 'g' for key name 's'\r\n*0\r\n-ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.\r\n-ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.\r\n-ERR value is not an integer or out of range\r\n-ERR unknown subcommand 'foo'. Try XINFO HELP.\r\n-ERR wrong number of arguments for 'xinfo' command\r\n",
  ],
  // bytes of nodes
  [
    'xadd s 1-1 f v g 12 ; xadd s 1-2 f w g -1 ; xadd s 5-0 other v ; xadd s 9000000000-18446744073709551615 f v g 70000 ; xdel s 1-2 ; xsetid s 9000000001-0 ; dump s',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n5-0\r\n$31\r\n9000000000-18446744073709551615\r\n:1\r\n+OK\r\n$142\r\n\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01@^^\x00\x00\x00\x1f\x00\x03\x01\x01\x01\x02\x01\x81f\x02\x81g\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x0c\x01\x05\x01\x03\x01\x00\x01\x01\x01\x81w\x02\xdf\xff\x02\x05\x01\x00\x01\x04\x01\xdf\xff\x02\x01\x01\x85other\x06\x81v\x02\x06\x01\x02\x01\xf4\xff\x19q\x18\x02\x00\x00\x00\x09\xdf\xfe\x02\x81v\x02\xf2p\x11\x01\x04\x05\x01\xff\x03\x81\x00\x00\x00\x02\x18q\x1a\x01\x00\x01\x01\x01\x02\x04\x00\n\x00\xe4\xd4T\x1a`O\xc5\xda\r\n',
  ],
  [
    'xadd s 18446744073709551614-5 "" 9223372036854775807 ; xadd s 18446744073709551615-1 "" abc ; dump s',
    '$22\r\n18446744073709551614-5\r\n$22\r\n18446744073709551615-1\r\n$104\r\n\x13\x01\x10\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x00\x00\x00\x00\x0511\x00\x00\x00\x0f\x00\x02\x01\x00\x01\x01\x01\x80\x01\x00\x01\x02\x01\x00\x01\x00\x01\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09\x04\x01\x02\x01\x01\x01\xdf\xfc\x02\x83abc\x04\x04\x01\xff\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01\x81\xff\xff\xff\xff\xff\xff\xff\xfe\x05\x00\x00\x02\x00\n\x00\xe8\x85\xce\xd3\xc7i\xfbf\r\n',
  ],
];

export const STREAM_EXCHANGES_RESP3: readonly Exchange[] = [
  // entries
  [
    'xadd s 1-1 f v ; xadd s 1-2 f w g x ; xadd s 2 a b ; xlen s ; xrange s - + ; xrevrange s + - ; type s ; object encoding s',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n2-0\r\n:3\r\n*3\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nf\r\n$1\r\nw\r\n$1\r\ng\r\n$1\r\nx\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*3\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$3\r\n1-2\r\n*4\r\n$1\r\nf\r\n$1\r\nw\r\n$1\r\ng\r\n$1\r\nx\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+stream\r\n$6\r\nstream\r\n',
  ],
  ['xadd s 0-0 f v ; exists s', '-ERR The ID specified in XADD must be greater than 0-0\r\n:0\r\n'],
  [
    'xadd s 0-1 f v ; xadd s 0-1 f v ; xadd s 0 f v ; xadd s 0-* f v ; xadd s 1-* f v ; xadd s 1-* f v',
    '$3\r\n0-1\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n-ERR The ID specified in XADD must be greater than 0-0\r\n$3\r\n0-2\r\n$3\r\n1-0\r\n$3\r\n1-1\r\n',
  ],
  [
    'xadd s 18446744073709551615-18446744073709551615 f v ; xadd s * f v ; xadd s 5 f v ; xadd s 18446744073709551615-* f v',
    '$41\r\n18446744073709551615-18446744073709551615\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n-ERR The stream has exhausted the last possible ID, unable to add more items\r\n',
  ],
  [
    'xadd s 18446744073709551615-18446744073709551614 f v ; xadd s 18446744073709551615-* f v ; xrange s - +',
    '$41\r\n18446744073709551615-18446744073709551614\r\n$41\r\n18446744073709551615-18446744073709551615\r\n*2\r\n*2\r\n$41\r\n18446744073709551615-18446744073709551614\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$41\r\n18446744073709551615-18446744073709551615\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xadd s 9007199254740993-9007199254740995 f v ; xrange s 9007199254740993 +',
    '$33\r\n9007199254740993-9007199254740995\r\n*1\r\n*2\r\n$33\r\n9007199254740993-9007199254740995\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xadd s 1 f ; xadd s 1 f v g ; xadd s 1 ; xadd s ; xadd s maxlen 5 1 f v w',
    "-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n-ERR wrong number of arguments for 'xadd' command\r\n",
  ],
  [
    'xadd s x f v ; xadd s - f v ; xadd s + f v ; xadd s 1-x f v ; xadd s -1 f v ; xadd s 1- f v ; xadd s 1-2-3 f v ; xadd s (1-1 f v ; xadd s "" f v ; xadd s 18446744073709551616-0 f v',
    '-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n',
  ],
  [
    'xadd s 01-1 f v ; xadd s " 2-1" f v ; xadd s +3-1 f v ; xadd s "4-\\t+5" f v ; xadd s 5-\\x006 f v ; xadd s "6-1\\x00junk" f v',
    '$3\r\n1-1\r\n$3\r\n2-1\r\n$3\r\n3-1\r\n$3\r\n4-5\r\n-ERR Invalid stream ID specified as stream command argument\r\n$3\r\n6-1\r\n',
  ],
  [
    'xadd s nomkstream 1 f v ; exists s ; xadd s 1 f v ; xadd s NOMKSTREAM 2 f v',
    '_\r\n:0\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n',
  ],
  [
    'xadd s 1 "" "" ; xadd s 2 -9223372036854775808 9223372036854775808 ; xadd s 3 f \\xff\\x00\\r\\n ; xrange s - +',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n*3\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$0\r\n\r\n$0\r\n\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$20\r\n-9223372036854775808\r\n$19\r\n9223372036854775808\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$12\r\n\\xff\\x00\\r\\n\r\n',
  ],
  [
    'set s v ; xadd s 1 f v ; xlen s ; xrange s - + ; xdel s 1 ; xtrim s maxlen 0 ; xread streams s 0 ; xsetid s 1 ; xinfo stream s ; xack s g 1',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  // trimming
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s maxlen 2 ; xrange s - + ; xtrim s maxlen = 1 ; xtrim s maxlen ~ 0 ; xlen s ; exists s',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n*2\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:1\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s maxlen 1 3 f v ; xrange s - + ; xadd s maxlen 0 4 f v ; xlen s ; xadd s 4-* f v',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n$3\r\n4-0\r\n:0\r\n$3\r\n4-1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s minid 2 ; xtrim s minid = 2-1 ; xrange s - + ; xtrim s minid ~ 10 ; xlen s',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n:1\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:1\r\n:0\r\n',
  ],
  [
    'xadd s maxlen ~ 5 limit 10 1 f v ; xadd s maxlen 5 limit 10 2 f v ; xadd s limit 10 2 f v ; xadd s limit 0 2 f v ; xadd s maxlen 5 minid 1 3 f v',
    '$3\r\n1-0\r\n-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n-ERR syntax error, LIMIT cannot be used without the special ~ option\r\n-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n',
  ],
  [
    'xtrim s ; xtrim s maxlen ; xtrim s maxlen x ; xtrim s maxlen -1 ; xtrim s minid x ; xtrim s maxlen ~ ; xtrim s limit 5 ; xtrim s maxlen ~ 5 limit -1 ; xtrim s maxlen ~ 5 limit x ; xtrim s foo 5 ; xtrim s maxlen 5 foo ; xtrim s maxlen 5 maxlen 6',
    "-ERR wrong number of arguments for 'xtrim' command\r\n-ERR wrong number of arguments for 'xtrim' command\r\n-ERR value is not an integer or out of range\r\n-ERR The MAXLEN argument must be >= 0.\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy\r\n-ERR The LIMIT argument must be >= 0.\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error, MAXLEN and MINID options at the same time are not compatible\r\n",
  ],
  [
    'config set stream-node-max-entries 2 ; xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xadd s 4 f v ; xadd s 5 f v ; xtrim s maxlen ~ 2 ; xtrim s maxlen ~ 0 limit 1 ; xtrim s maxlen ~ 0 limit 2 ; xlen s ; xtrim s maxlen ~ 0 ; xlen s ; config set stream-node-max-entries 100',
    '+OK\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n$3\r\n4-0\r\n$3\r\n5-0\r\n:2\r\n:0\r\n:2\r\n:1\r\n:1\r\n:0\r\n+OK\r\n',
  ],
  [
    'config set stream-node-max-entries 2 ; xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xtrim s minid ~ 2 ; xtrim s minid ~ 3 ; xrange s - + ; config set stream-node-max-entries 100',
    '+OK\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:0\r\n:2\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+OK\r\n',
  ],
  // ranges
  [
    'xadd s 1-1 a 1 ; xadd s 1-2 a 2 ; xadd s 2-1 a 3 ; xrange s 1 1 ; xrange s (1-1 + ; xrange s - (2-1 ; xrevrange s 1 - ; xrange s - + count 2 ; xrevrange s + - count 1 ; xrange s + - ; xrange s 3 + ; xrange nosuch - +',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n2-1\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\na\r\n$1\r\n3\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$3\r\n1-2\r\n*2\r\n$1\r\na\r\n$1\r\n2\r\n*1\r\n*2\r\n$3\r\n2-1\r\n*2\r\n$1\r\na\r\n$1\r\n3\r\n*0\r\n*0\r\n*0\r\n',
  ],
  [
    'xrange s - + count ; xrange s - + foo 1 ; xrange s - + count x ; xrange s x + ; xrange s - y ; xrange s (- + ; xrange s - (+ ; xrange s (18446744073709551615-18446744073709551615 + ; xrange s - (0-0 ; xrange s ( + ; xrange s',
    "-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR invalid start ID for the interval\r\n-ERR invalid end ID for the interval\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR wrong number of arguments for 'xrange' command\r\n",
  ],
  [
    'xadd s 1 f v ; xrange s - + count 0 ; xrange s - + count -1 ; xrevrange s + - count 1 count 0 ; xrange nosuch - + count 0',
    '$3\r\n1-0\r\n_\r\n_\r\n_\r\n*0\r\n',
  ],
  // deletion
  [
    'xadd s 1 f v ; xadd s 2 f v ; xadd s 3 f v ; xdel s 2 2 9 ; xrange s - + ; xdel s 1 3 ; xlen s ; exists s ; xadd s 3 f v ; xadd s 4 f v ; xrange s - +',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n:1\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n:2\r\n:0\r\n:1\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n4-0\r\n*1\r\n*2\r\n$3\r\n4-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xdel nosuch 1 ; xdel s x ; xadd s 1 f v ; xdel s 1 x ; xlen s ; xdel s',
    ":0\r\n:0\r\n$3\r\n1-0\r\n-ERR Invalid stream ID specified as stream command argument\r\n:1\r\n-ERR wrong number of arguments for 'xdel' command\r\n",
  ],
  // reading
  [
    'xadd s 1 f v ; xadd t 5 g w ; xread streams s t 0 0 ; xread count 1 streams s t 1 0 ; xread streams s $ ; xread streams nosuch 0 ; xread streams s 1 ; xread streams t s 4-18446744073709551615 0-1',
    '$3\r\n1-0\r\n$3\r\n5-0\r\n%2\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n%1\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n_\r\n_\r\n_\r\n%2\r\n$1\r\nt\r\n*1\r\n*2\r\n$3\r\n5-0\r\n*2\r\n$1\r\ng\r\n$1\r\nw\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  [
    'xread streams s ; xread count 1 ; xread streams ; xread foo streams s 0 ; xread count x streams s 0 ; xread block -1 streams s 0 ; xread block x streams s 0 ; xread group g c streams s 0 ; xread noack streams s 0 ; xread streams s > ; xread streams s x',
    "-ERR wrong number of arguments for 'xread' command\r\n-ERR wrong number of arguments for 'xread' command\r\n-ERR wrong number of arguments for 'xread' command\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR timeout is negative\r\n-ERR timeout is not an integer or out of range\r\n-ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.\r\n-ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.\r\n-ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.\r\n-ERR Invalid stream ID specified as stream command argument\r\n",
  ],
  [
    'xadd s 1 f v ; xread count 0 streams s 0 ; xread count -5 streams s 0 ; xread count 1 count 2 streams s 0 ; xread block 0 streams s 0',
    '$3\r\n1-0\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n',
  ],
  // XSETID
  [
    'xsetid s 1 ; xadd s 5 f v ; xsetid s 4 ; xsetid s 7-3 ; xadd s 7-3 f v ; xadd s 7-* f v ; xsetid s 8 entriesadded 1 ; xsetid s 8 entriesadded 100 maxdeletedid 7 ; xsetid s 8 maxdeletedid 9 ; xsetid s 8 entriesadded -1 ; xsetid s 8 entriesadded ; xsetid s x ; xsetid s 9 entriesadded x',
    '-ERR no such key\r\n$3\r\n5-0\r\n-ERR The ID specified in XSETID is smaller than the target stream top item\r\n+OK\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n7-4\r\n-ERR The entries_added specified in XSETID is smaller than the target stream length\r\n+OK\r\n-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id\r\n-ERR entries_added must be positive\r\n-ERR syntax error\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR value is not an integer or out of range\r\n',
  ],
  // groups
  [
    'xgroup create s g $ ; xgroup create s g $ mkstream ; xgroup create s g 0 ; xgroup create s h x ; xgroup create s h - ; xgroup create s i 0 entriesread 5 ; xgroup create s j 0 entriesread -2 ; xgroup create s j 0 entriesread x ; xgroup create s j 0 foo ; xinfo groups s',
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n+OK\r\n-BUSYGROUP Consumer Group name already exists\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Invalid stream ID specified as stream command argument\r\n+OK\r\n-ERR value for ENTRIESREAD must be positive or -1\r\n-ERR value is not an integer or out of range\r\n-ERR unknown subcommand or wrong number of arguments for 'create'. Try XGROUP HELP.\r\n*2\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n_\r\n$3\r\nlag\r\n:0\r\n%6\r\n$4\r\nname\r\n$1\r\ni\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n:5\r\n$3\r\nlag\r\n:0\r\n",
  ],
  [
    'xgroup setid s g 0 ; xadd s 1 f v ; xgroup setid s g 0 ; xgroup create s g 0 ; xgroup setid s g $ ; xgroup setid s g + ; xgroup setid s g - entriesread 3 ; xgroup setid s g x ; xgroup setid s g 0 mkstream ; xinfo groups s',
    "-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n$3\r\n1-0\r\n-NOGROUP No such consumer group 'g' for key name 's'\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.\r\n*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:0\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n:3\r\n$3\r\nlag\r\n:-2\r\n",
  ],
  [
    'xgroup destroy s g ; xgroup create s g 0 mkstream ; xgroup destroy s nosuch ; xgroup destroy s g ; xgroup destroy s g ; exists s',
    '-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n+OK\r\n:0\r\n:1\r\n:0\r\n:1\r\n',
  ],
  [
    'xgroup create s g 0 mkstream ; xgroup createconsumer s g c ; xgroup createconsumer s g c ; xgroup createconsumer s h c ; xgroup delconsumer s g c ; xgroup delconsumer s g c ; xgroup delconsumer s h c ; xgroup createconsumer t g c',
    "+OK\r\n:1\r\n:0\r\n-NOGROUP No such consumer group 'h' for key name 's'\r\n:0\r\n:0\r\n-NOGROUP No such consumer group 'h' for key name 's'\r\n-ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.\r\n",
  ],
  [
    'xgroup ; xgroup create ; xgroup foo s g ; xgroup destroy s ; xgroup create s g ; xgroup setid s g 0 entriesread 1 2 ; xgroup help ; xinfo help',
    "-ERR wrong number of arguments for 'xgroup' command\r\n-ERR wrong number of arguments for 'xgroup|create' command\r\n-ERR unknown subcommand 'foo'. Try XGROUP HELP.\r\n-ERR wrong number of arguments for 'xgroup|destroy' command\r\n-ERR wrong number of arguments for 'xgroup|create' command\r\n-ERR unknown subcommand or wrong number of arguments for 'setid'. Try XGROUP HELP.\r\n*17\r\n+XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CREATE <key> <groupname> <id|$> [option]\r\n+    Create a new consumer group. Options are:\r\n+    * MKSTREAM\r\n+      Create the empty stream if it does not exist.\r\n+    * ENTRIESREAD entries_read\r\n+      Set the group's entries_read counter (internal use).\r\n+CREATECONSUMER <key> <groupname> <consumer>\r\n+    Create a new consumer in the specified group.\r\n+DELCONSUMER <key> <groupname> <consumer>\r\n+    Remove the specified consumer.\r\n+DESTROY <key> <groupname>\r\n+    Remove the specified group.\r\n+SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]\r\n+    Set the current group ID and entries_read counter.\r\n+HELP\r\n+    Prints this help.\r\n*9\r\n+XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n+CONSUMERS <key> <groupname>\r\n+    Show consumers of <groupname>.\r\n+GROUPS <key>\r\n+    Show the stream consumer groups.\r\n+STREAM <key> [FULL [COUNT <count>]\r\n+    Show information about the stream.\r\n+HELP\r\n+    Prints this help.\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a count 1 streams s > ; xreadgroup group g b streams s > ; xreadgroup group g a streams s > ; xreadgroup group g a streams s 0 ; xpending s g ; xpending s g - + 10 a ; xack s g 1 1 9 ; xack s g x ; xpending s g ; xack nosuch g 1 ; xack s nosuch 1',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n_\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*4\r\n:2\r\n$3\r\n1-0\r\n$3\r\n2-0\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n*1\r\n*4\r\n$3\r\n1-0\r\n$1\r\na\r\n:0\r\n:2\r\n:1\r\n-ERR Invalid stream ID specified as stream command argument\r\n*4\r\n:1\r\n$3\r\n2-0\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n:0\r\n:0\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a noack streams s > ; xpending s g ; xinfo groups s ; xreadgroup group g a streams s 0',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n%1\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*4\r\n:0\r\n_\r\n_\r\n_\r\n*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:1\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n:2\r\n$3\r\nlag\r\n:0\r\n%1\r\n$1\r\ns\r\n*0\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xdel s 1 ; xreadgroup group g a streams s 0 ; xclaim s g a 0 1 2 ; xpending s g',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n%1\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n:1\r\n%1\r\n$1\r\ns\r\n*2\r\n*2\r\n$3\r\n1-0\r\n_\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*1\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*4\r\n:1\r\n$3\r\n2-0\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n',
  ],
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xgroup setid s g 0 ; xreadgroup group g b streams s > ; xpending s g ; xgroup delconsumer s g b ; xpending s g',
    '$3\r\n1-0\r\n+OK\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n+OK\r\n%1\r\n$1\r\ns\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*4\r\n:1\r\n$3\r\n1-0\r\n$3\r\n1-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n1\r\n:1\r\n*4\r\n:0\r\n_\r\n_\r\n_\r\n',
  ],
  [
    'xreadgroup group g c streams s > ; xreadgroup streams s > ; xreadgroup group g c streams s $ ; xgroup create s g 0 mkstream ; xreadgroup group g c streams s $ ; xreadgroup group g c streams s x ; xreadgroup group g c streams s > ; xreadgroup group g ; xreadgroup count 1 group g c streams s 0',
    "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n-ERR wrong number of arguments for 'xreadgroup' command\r\n-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option\r\n+OK\r\n-ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.\r\n-ERR Invalid stream ID specified as stream command argument\r\n_\r\n-ERR wrong number of arguments for 'xreadgroup' command\r\n%1\r\n$1\r\ns\r\n*0\r\n",
  ],
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xpending s g - + ; xpending s nosuch ; xpending nosuch g ; xpending s g - + x ; xpending s g x + 1 ; xpending s g - + -1 ; xpending s g idle 5 - + ; xpending s g idle x - + 1 ; xpending s g - + 1 nosuch ; xpending s g (- + 1 ; xpending s g idle 0 - + 10 c ; xpending s g - + 1 c d e f',
    "$3\r\n1-0\r\n+OK\r\n-ERR syntax error\r\n-NOGROUP No such key 's' or consumer group 'nosuch'\r\n-NOGROUP No such key 'nosuch' or consumer group 'g'\r\n-ERR value is not an integer or out of range\r\n-ERR Invalid stream ID specified as stream command argument\r\n*0\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n*0\r\n-ERR Invalid stream ID specified as stream command argument\r\n*0\r\n-ERR syntax error\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xgroup create s g 0 ; xclaim s g a 0 1 force ; xclaim s g b 0 1 2 justid ; xclaim s g b 0 1 retrycount 7 time 1000 ; xclaim s g c 0 1 ; xclaim s g a 100000 1 ; xclaim s g a 0 1 lastid 2 justid ; xinfo groups s ; xclaim s g a 0 2 force retrycount 9223372036854775807 justid',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n+OK\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n$3\r\n1-0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n*1\r\n$3\r\n1-0\r\n*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:3\r\n$7\r\npending\r\n:1\r\n$17\r\nlast-delivered-id\r\n$3\r\n2-0\r\n$12\r\nentries-read\r\n_\r\n$3\r\nlag\r\n:0\r\n*1\r\n$3\r\n2-0\r\n',
  ],
  [
    'xclaim s g c 0 1 ; xadd s 1 f v ; xclaim s g c 0 1 ; xgroup create s g 0 ; xclaim s g c x 1 ; xclaim s g c 0 1 foo ; xclaim s g c 0 1 idle x ; xclaim s g c 0 1 time x ; xclaim s g c 0 1 retrycount x ; xclaim s g c 0 1 lastid x ; xclaim s g c 0 1 idle ; xclaim s g c -5 1',
    "-NOGROUP No such key 's' or consumer group 'g'\r\n$3\r\n1-0\r\n-NOGROUP No such key 's' or consumer group 'g'\r\n+OK\r\n-ERR Invalid min-idle-time argument for XCLAIM\r\n-ERR Unrecognized XCLAIM option 'foo'\r\n-ERR Invalid IDLE option argument for XCLAIM\r\n-ERR Invalid TIME option argument for XCLAIM\r\n-ERR Invalid RETRYCOUNT option argument for XCLAIM\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR Unrecognized XCLAIM option 'idle'\r\n*0\r\n",
  ],
  [
    'xadd s 1 f v ; xadd s 2 f w ; xadd s 3 f x ; xgroup create s g 0 ; xreadgroup group g a streams s > ; xdel s 2 ; xautoclaim s g b 0 0 count 1 ; xautoclaim s g b 0 2 count 1 justid ; xautoclaim s g b 0 (1 ; xautoclaim s g b 100000 0 ; xpending s g',
    '$3\r\n1-0\r\n$3\r\n2-0\r\n$3\r\n3-0\r\n+OK\r\n%1\r\n$1\r\ns\r\n*3\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*2\r\n$3\r\n2-0\r\n*2\r\n$1\r\nf\r\n$1\r\nw\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nx\r\n:1\r\n*3\r\n$3\r\n2-0\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n*3\r\n$3\r\n3-0\r\n*0\r\n*1\r\n$3\r\n2-0\r\n*3\r\n$3\r\n0-0\r\n*1\r\n*2\r\n$3\r\n3-0\r\n*2\r\n$1\r\nf\r\n$1\r\nx\r\n*0\r\n*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n*4\r\n:2\r\n$3\r\n1-0\r\n$3\r\n3-0\r\n*1\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n',
  ],
  [
    'xautoclaim s g c 0 0 ; xautoclaim s g c x 0 ; xautoclaim s g c 0 x ; xautoclaim s g c 0 0 count 0 ; xautoclaim s g c 0 0 count x ; xautoclaim s g c 0 0 foo ; xautoclaim s g c 0 0 count ; xautoclaim s g c 0 (18446744073709551615-18446744073709551615',
    "-NOGROUP No such key 's' or consumer group 'g'\r\n-ERR Invalid min-idle-time argument for XAUTOCLAIM\r\n-ERR Invalid stream ID specified as stream command argument\r\n-ERR COUNT must be > 0\r\n-ERR COUNT must be > 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR invalid start ID for the interval\r\n",
  ],
  [
    'xinfo stream s ; xinfo groups s ; xinfo consumers s g ; xadd s 1 f v ; xinfo consumers s g ; xinfo groups s ; xinfo stream s foo ; xinfo stream s full foo 1 ; xinfo stream s full count x ; xinfo foo s ; xinfo',
    "-ERR no such key\r\n-ERR no such key\r\n-ERR no such key\r\n$3\r\n1-0\r\n-NOGROUP No such consumer group 'g' for key name 's'\r\n*0\r\n-ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.\r\n-ERR unknown subcommand or wrong number of arguments for 'stream'. Try XINFO HELP.\r\n-ERR value is not an integer or out of range\r\n-ERR unknown subcommand 'foo'. Try XINFO HELP.\r\n-ERR wrong number of arguments for 'xinfo' command\r\n",
  ],
  // bytes of nodes
  [
    'xadd s 1-1 f v g 12 ; xadd s 1-2 f w g -1 ; xadd s 5-0 other v ; xadd s 9000000000-18446744073709551615 f v g 70000 ; xdel s 1-2 ; xsetid s 9000000001-0 ; dump s',
    '$3\r\n1-1\r\n$3\r\n1-2\r\n$3\r\n5-0\r\n$31\r\n9000000000-18446744073709551615\r\n:1\r\n+OK\r\n$142\r\n\x13\x01\x10\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01@^^\x00\x00\x00\x1f\x00\x03\x01\x01\x01\x02\x01\x81f\x02\x81g\x02\x00\x01\x02\x01\x00\x01\x00\x01\x81v\x02\x0c\x01\x05\x01\x03\x01\x00\x01\x01\x01\x81w\x02\xdf\xff\x02\x05\x01\x00\x01\x04\x01\xdf\xff\x02\x01\x01\x85other\x06\x81v\x02\x06\x01\x02\x01\xf4\xff\x19q\x18\x02\x00\x00\x00\x09\xdf\xfe\x02\x81v\x02\xf2p\x11\x01\x04\x05\x01\xff\x03\x81\x00\x00\x00\x02\x18q\x1a\x01\x00\x01\x01\x01\x02\x04\x00\n\x00\xe4\xd4T\x1a`O\xc5\xda\r\n',
  ],
  [
    'xadd s 18446744073709551614-5 "" 9223372036854775807 ; xadd s 18446744073709551615-1 "" abc ; dump s',
    '$22\r\n18446744073709551614-5\r\n$22\r\n18446744073709551615-1\r\n$104\r\n\x13\x01\x10\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x00\x00\x00\x00\x0511\x00\x00\x00\x0f\x00\x02\x01\x00\x01\x01\x01\x80\x01\x00\x01\x02\x01\x00\x01\x00\x01\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09\x04\x01\x02\x01\x01\x01\xdf\xfc\x02\x83abc\x04\x04\x01\xff\x02\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01\x81\xff\xff\xff\xff\xff\xff\xff\xfe\x05\x00\x00\x02\x00\n\x00\xe8\x85\xce\xd3\xc7i\xfbf\r\n',
  ],
];

// What 7.2 does otherwise, recorded from Valkey 8.0.1.

export const STREAM_EXCHANGES_7_2: readonly Exchange[] = [
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xclaim s g a 0 1 ; xgroup createconsumer s g a ; xautoclaim s g b 0 0 ; xreadgroup group g c streams s 5 ; xinfo groups s',
    '$3\r\n1-0\r\n+OK\r\n*0\r\n:0\r\n*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n*1\r\n*2\r\n$1\r\ns\r\n*0\r\n*1\r\n*12\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:3\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n$-1\r\n$3\r\nlag\r\n:1\r\n',
  ],
  [
    'xgroup create s g 0 mkstream ; xreadgroup group g c streams s > ; xinfo consumers s g ; xgroup createconsumer s g d ; xinfo consumers s g',
    '+OK\r\n*-1\r\n*1\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n:1\r\n*2\r\n*8\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n*8\r\n$4\r\nname\r\n$1\r\nd\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xdel s 2 ; xsetid s 1-5 ; xsetid s 2 ; xread streams s t 0 ; xreadgroup group g c streams s t 0',
    "$3\r\n1-0\r\n$3\r\n2-0\r\n:1\r\n-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n+OK\r\n-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.\r\n-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.\r\n",
  ],
  [
    'xadd s 5-18446744073709551615 f v ; xadd s 5-* f v ; xadd s 6-* f v',
    '$22\r\n5-18446744073709551615\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n6-0\r\n',
  ],
];

export const STREAM_EXCHANGES_7_2_RESP3: readonly Exchange[] = [
  [
    'xadd s 1 f v ; xgroup create s g 0 ; xclaim s g a 0 1 ; xgroup createconsumer s g a ; xautoclaim s g b 0 0 ; xreadgroup group g c streams s 5 ; xinfo groups s',
    '$3\r\n1-0\r\n+OK\r\n*0\r\n:0\r\n*3\r\n$3\r\n0-0\r\n*0\r\n*0\r\n%1\r\n$1\r\ns\r\n*0\r\n*1\r\n%6\r\n$4\r\nname\r\n$1\r\ng\r\n$9\r\nconsumers\r\n:3\r\n$7\r\npending\r\n:0\r\n$17\r\nlast-delivered-id\r\n$3\r\n0-0\r\n$12\r\nentries-read\r\n_\r\n$3\r\nlag\r\n:1\r\n',
  ],
  [
    'xgroup create s g 0 mkstream ; xreadgroup group g c streams s > ; xinfo consumers s g ; xgroup createconsumer s g d ; xinfo consumers s g',
    '+OK\r\n_\r\n*1\r\n%4\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n:1\r\n*2\r\n%4\r\n$4\r\nname\r\n$1\r\nc\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n%4\r\n$4\r\nname\r\n$1\r\nd\r\n$7\r\npending\r\n:0\r\n$4\r\nidle\r\n:0\r\n$8\r\ninactive\r\n:-1\r\n',
  ],
  [
    'xadd s 1 f v ; xadd s 2 f v ; xdel s 2 ; xsetid s 1-5 ; xsetid s 2 ; xread streams s t 0 ; xreadgroup group g c streams s t 0',
    "$3\r\n1-0\r\n$3\r\n2-0\r\n:1\r\n-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n+OK\r\n-ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.\r\n-ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.\r\n",
  ],
  [
    'xadd s 5-18446744073709551615 f v ; xadd s 5-* f v ; xadd s 6-* f v',
    '$22\r\n5-18446744073709551615\r\n-ERR The ID specified in XADD is equal or smaller than the target stream top item\r\n$3\r\n6-0\r\n',
  ],
];
