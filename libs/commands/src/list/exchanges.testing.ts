// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const LIST_EXCHANGES: readonly Exchange[] = [
  // pushes
  ['rpush k a b c ; lrange k 0 -1 ; llen k ; type k', ':3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n:3\r\n+list\r\n'],
  ['lpush k a b c ; lrange k 0 -1', ':3\r\n*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n'],
  ['lpush k', "-ERR wrong number of arguments for 'lpush' command\r\n"],
  [
    'lpush k a ; rpush k b ; lpushx k c d ; rpushx k e f ; lrange k 0 -1',
    ':1\r\n:2\r\n:4\r\n:6\r\n*6\r\n$1\r\nd\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\ne\r\n$1\r\nf\r\n',
  ],
  ['lpushx k a ; rpushx k a ; exists k', ':0\r\n:0\r\n:0\r\n'],
  [
    'set k v ; lpush k a ; rpush k a ; lpushx k a ; rpushx k a',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'rpush k "" 0 -1 007 12345678901234567890 -9223372036854775808 "\\xff\\x00" ; lrange k 0 -1',
    ':7\r\n*7\r\n$0\r\n\r\n$1\r\n0\r\n$2\r\n-1\r\n$3\r\n007\r\n$20\r\n12345678901234567890\r\n$20\r\n-9223372036854775808\r\n$2\r\n\xff\x00\r\n',
  ],
  [
    'set k v ; llen k ; lindex k 0 ; lrange k 0 1 ; lset k 0 x ; lrem k 0 x ; ltrim k 0 1 ; linsert k before a b ; lpop k ; rpop k 2 ; lpos k a ; lmove k d left left ; rpoplpush k d ; lmpop 1 k left',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  // pops
  [
    'lpop k ; rpop k ; lpop k 1 ; rpop k 0 ; lpop k -1 ; lpop k x ; lpop k 1 2',
    "$-1\r\n$-1\r\n*-1\r\n*-1\r\n-ERR value is out of range, must be positive\r\n-ERR value is out of range, must be positive\r\n-ERR wrong number of arguments for 'lpop' command\r\n",
  ],
  [
    'rpush k a b c d e ; lpop k ; rpop k ; lpop k 2 ; exists k ; rpop k 5 ; exists k',
    ':5\r\n$1\r\na\r\n$1\r\ne\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n:1\r\n*1\r\n$1\r\nd\r\n:0\r\n',
  ],
  [
    'rpush k a b ; lpop k 0 ; rpop k 0 ; rpop k 9223372036854775807 ; exists k',
    ':2\r\n*0\r\n*0\r\n*2\r\n$1\r\nb\r\n$1\r\na\r\n:0\r\n',
  ],
  [
    'rpush k a b c ; lpop k 9223372036854775808 ; lpop k "" ; lpop k 2 ; lrange k 0 -1',
    ':3\r\n-ERR value is out of range, must be positive\r\n-ERR value is out of range, must be positive\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n',
  ],
  ['rpush k a b c ; rpop k 2', ':3\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n'],
  ['lmpop 1 k left ; lmpop 2 k l right count 3', '*-1\r\n*-1\r\n'],
  [
    'rpush k a b c ; rpush l x y ; lmpop 2 nokey k left ; lmpop 3 nokey l k right count 5 ; exists l ; lmpop 1 k left count 10 ; exists k',
    ':3\r\n:2\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n*2\r\n$1\r\nl\r\n*2\r\n$1\r\ny\r\n$1\r\nx\r\n:0\r\n*2\r\n$1\r\nk\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n:0\r\n',
  ],
  [
    'lmpop 0 k left ; lmpop -1 k left ; lmpop x k left ; lmpop 2 k left ; lmpop 1 k middle ; lmpop 1 k left count ; lmpop 1 k left count 0 ; lmpop 1 k left count -1 ; lmpop 1 k left count x ; lmpop 1 k left count 1 count 1 ; lmpop 1 k left foo 1 ; lmpop 9223372036854775807 k left',
    '-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR count should be greater than 0\r\n-ERR count should be greater than 0\r\n-ERR count should be greater than 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  [
    'set s v ; rpush k a ; lmpop 2 s k left ; lmpop 2 k s left',
    '+OK\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n',
  ],
  // by index
  [
    'rpush k a b c ; lindex k 0 ; lindex k -1 ; lindex k 3 ; lindex k -4 ; lindex k x ; lindex k 9223372036854775807 ; lindex k -9223372036854775808 ; lindex nokey 0 ; lindex nokey x',
    ':3\r\n$1\r\na\r\n$1\r\nc\r\n$-1\r\n$-1\r\n-ERR value is not an integer or out of range\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n',
  ],
  [
    'rpush k a b c ; lset k 0 x ; lset k -1 z ; lset k 3 no ; lset k -4 no ; lset k x y ; lrange k 0 -1 ; lset nokey 0 x ; lset nokey x y',
    ':3\r\n+OK\r\n+OK\r\n-ERR index out of range\r\n-ERR index out of range\r\n-ERR value is not an integer or out of range\r\n*3\r\n$1\r\nx\r\n$1\r\nb\r\n$1\r\nz\r\n-ERR no such key\r\n-ERR no such key\r\n',
  ],
  [
    'rpush k a b c d e ; lrange k 1 3 ; lrange k -2 -1 ; lrange k -100 100 ; lrange k 3 1 ; lrange k 5 9 ; lrange k 0 -6 ; lrange k x 1 ; lrange k 0 x ; lrange nokey 0 1 ; lrange nokey x 1 ; lrange k -9223372036854775808 9223372036854775807',
    ':5\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n*2\r\n$1\r\nd\r\n$1\r\ne\r\n*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n*0\r\n*0\r\n*0\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n*0\r\n-ERR value is not an integer or out of range\r\n*5\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n$1\r\ne\r\n',
  ],
  [
    'rpush k a b c d e ; ltrim k 1 -2 ; lrange k 0 -1 ; ltrim k -100 100 ; llen k ; ltrim k 5 1 ; exists k ; ltrim k 0 1 ; ltrim k x 1 ; ltrim nokey 0 y',
    ':5\r\n+OK\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n+OK\r\n:3\r\n+OK\r\n:0\r\n+OK\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n',
  ],
  ['rpush k a b c ; ltrim k 9 10 ; exists k', ':3\r\n+OK\r\n:0\r\n'],
  // by value
  [
    'rpush k a b a c a ; linsert k before a x ; linsert k AFTER a y ; linsert k after nobody z ; linsert k beside a z ; linsert nokey before a b ; linsert nokey beside a b ; lrange k 0 -1',
    ':5\r\n:6\r\n:7\r\n:-1\r\n-ERR syntax error\r\n:0\r\n-ERR syntax error\r\n*7\r\n$1\r\nx\r\n$1\r\na\r\n$1\r\ny\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\na\r\n',
  ],
  [
    'rpush k 10 20 ; linsert k before 20 15 ; linsert k before 020 15 ; lrange k 0 -1',
    ':2\r\n:3\r\n:-1\r\n*3\r\n$2\r\n10\r\n$2\r\n15\r\n$2\r\n20\r\n',
  ],
  [
    'rpush k a b a c a ; lrem k 2 a ; lrange k 0 -1 ; lrem k 0 nobody ; lrem k -1 a ; lrange k 0 -1 ; lrem nokey 0 a ; lrem k x a ; lrem nokey x a',
    ':5\r\n:2\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n:0\r\n:1\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n:0\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n',
  ],
  ['rpush k a b a c a ; lrem k -2 a ; lrange k 0 -1', ':5\r\n:2\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n'],
  ['rpush k a a a ; lrem k 0 a ; exists k', ':3\r\n:3\r\n:0\r\n'],
  ['rpush k a b a ; lrem k -9223372036854775808 a ; lrange k 0 -1', ':3\r\n:2\r\n*1\r\n$1\r\nb\r\n'],
  [
    'rpush k a b c 1 2 3 c c ; lpos k c ; lpos k c rank 2 ; lpos k c rank -1 ; lpos k c count 2 ; lpos k c count 0 ; lpos k c rank -1 count 2 ; lpos k c rank 4 ; lpos k c rank 4 count 0 ; lpos k c maxlen 2 ; lpos k c maxlen 3 ; lpos k c rank -1 maxlen 1 ; lpos k 3 ; lpos k nobody ; lpos k nobody count 1',
    ':8\r\n:2\r\n:6\r\n:7\r\n*2\r\n:2\r\n:6\r\n*3\r\n:2\r\n:6\r\n:7\r\n*2\r\n:7\r\n:6\r\n$-1\r\n*0\r\n$-1\r\n:2\r\n:7\r\n:5\r\n$-1\r\n*0\r\n',
  ],
  [
    'lpos nokey a ; lpos nokey a count 1 ; lpos nokey a rank 0 ; lpos nokey a rank x ; lpos nokey a count -1 ; lpos nokey a count x ; lpos nokey a maxlen -1 ; lpos nokey a maxlen x ; lpos nokey a rank ; lpos nokey a foo 1 ; lpos nokey a rank 1 rank 2 count 3 maxlen 4',
    "$-1\r\n*0\r\n-ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list\r\n-ERR value is not an integer or out of range\r\n-ERR COUNT can't be negative\r\n-ERR COUNT can't be negative\r\n-ERR MAXLEN can't be negative\r\n-ERR MAXLEN can't be negative\r\n-ERR syntax error\r\n-ERR syntax error\r\n*0\r\n",
  ],
  // from list to list
  [
    'lmove k d left left ; rpoplpush k d ; lmove k d up left ; lmove k d left down ; exists d',
    '$-1\r\n$-1\r\n-ERR syntax error\r\n-ERR syntax error\r\n:0\r\n',
  ],
  [
    'rpush k a b c ; lmove k d left left ; lmove k d right left ; lmove k d left right ; exists k ; lrange d 0 -1',
    ':3\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nb\r\n:0\r\n*3\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n',
  ],
  [
    'rpush k a b c ; lmove k k left right ; lrange k 0 -1 ; lmove k k left left ; lmove k k right right ; rpoplpush k k ; lrange k 0 -1',
    ':3\r\n$1\r\na\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\na\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n',
  ],
  ['rpush k a ; lmove k k left right ; rpoplpush k k ; lrange k 0 -1', ':1\r\n$1\r\na\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n'],
  [
    'rpush k a b ; rpoplpush k d ; rpoplpush k d ; exists k ; lrange d 0 -1',
    ':2\r\n$1\r\nb\r\n$1\r\na\r\n:0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n',
  ],
  [
    'rpush k a ; set d v ; rpoplpush k d ; lmove k d left left ; rpoplpush d k ; lrange k 0 -1',
    ':1\r\n+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n*1\r\n$1\r\na\r\n',
  ],
  [
    'rpush k 1 22 -333 ; rpoplpush k d ; rpoplpush k d ; lrange d 0 -1',
    ':3\r\n$4\r\n-333\r\n$2\r\n22\r\n*2\r\n$2\r\n22\r\n$4\r\n-333\r\n',
  ],
  // arity
  [
    'lpush ; rpush k ; lpushx k ; rpushx k ; lpop ; rpop ; llen ; llen k l ; lindex k ; lset k 0 ; lrange k 0 ; ltrim k 0 ; lrem k 0 ; linsert k before a ; lpos k ; lmove a b left ; rpoplpush a ; lmpop 1 k',
    "-ERR wrong number of arguments for 'lpush' command\r\n-ERR wrong number of arguments for 'rpush' command\r\n-ERR wrong number of arguments for 'lpushx' command\r\n-ERR wrong number of arguments for 'rpushx' command\r\n-ERR wrong number of arguments for 'lpop' command\r\n-ERR wrong number of arguments for 'rpop' command\r\n-ERR wrong number of arguments for 'llen' command\r\n-ERR wrong number of arguments for 'llen' command\r\n-ERR wrong number of arguments for 'lindex' command\r\n-ERR wrong number of arguments for 'lset' command\r\n-ERR wrong number of arguments for 'lrange' command\r\n-ERR wrong number of arguments for 'ltrim' command\r\n-ERR wrong number of arguments for 'lrem' command\r\n-ERR wrong number of arguments for 'linsert' command\r\n-ERR wrong number of arguments for 'lpos' command\r\n-ERR wrong number of arguments for 'lmove' command\r\n-ERR wrong number of arguments for 'rpoplpush' command\r\n-ERR wrong number of arguments for 'lmpop' command\r\n",
  ],
  // with keys of other commands
  [
    'rpush k a b c ; rename k l ; copy l m ; lrange m 0 -1 ; del l ; lrange m 0 -1 ; touch m ; persist m',
    ':3\r\n+OK\r\n:1\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n:1\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n:1\r\n:0\r\n',
  ],
  [
    'rpush k a b c ; expire k 100 ; lpop k ; ttl k ; rpop k 2 ; ttl k',
    ':3\r\n:1\r\n$1\r\na\r\n:100\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n:-2\r\n',
  ],
  // those that wait, when they need not
  [
    'rpush k a b c d ; blpop k 0 ; brpop nokey k 0 ; blpop k nokey k 1.5 ; brpop k 0 ; exists k',
    ':4\r\n*2\r\n$1\r\nk\r\n$1\r\na\r\n*2\r\n$1\r\nk\r\n$1\r\nd\r\n*2\r\n$1\r\nk\r\n$1\r\nb\r\n*2\r\n$1\r\nk\r\n$1\r\nc\r\n:0\r\n',
  ],
  [
    'rpush k a b c ; rpush l x ; blmove k l left right 0 ; brpoplpush k l 0 ; blmove k k right left 0 ; lrange l 0 -1 ; lrange k 0 -1',
    ':3\r\n:1\r\n$1\r\na\r\n$1\r\nc\r\n$1\r\nb\r\n*3\r\n$1\r\nc\r\n$1\r\nx\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n',
  ],
  [
    'rpush k a b c ; rpush l x y ; blmpop 0 2 nokey k left ; blmpop 0 3 nokey l k right count 5 ; exists l ; blmpop 0 1 k left count 10 ; exists k',
    ':3\r\n:2\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\na\r\n*2\r\n$1\r\nl\r\n*2\r\n$1\r\ny\r\n$1\r\nx\r\n:0\r\n*2\r\n$1\r\nk\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n:0\r\n',
  ],
  [
    'multi ; blpop k l 0 ; brpop k 0 ; blmove k l left left 0 ; brpoplpush k l 0 ; blmpop 0 1 k left ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*5\r\n*-1\r\n*-1\r\n$-1\r\n$-1\r\n*-1\r\n',
  ],
  [
    'multi ; rpush k a b ; blpop k 0 ; brpoplpush k l 0 ; exec ; lrange l 0 -1',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:2\r\n*2\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$1\r\nb\r\n',
  ],
  [
    'blpop k -1 ; blpop k -0.1 ; blpop k x ; blpop k inf ; blpop k -inf ; blpop k nan ; blpop k 1e400 ; blpop k 1e16 ; blpop k 9223372036854776 ; blpop k "" ; blpop k " 1" ; blpop k "1 " ; blpop k 1e9999 ; blpop k 0x ; blpop k',
    "-ERR timeout is negative\r\n-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is negative\r\n-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is negative\r\n-ERR timeout is negative\r\n-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is not a float or out of range\r\n-ERR timeout is not a float or out of range\r\n-ERR wrong number of arguments for 'blpop' command\r\n",
  ],
  [
    'blmpop 0 0 k left ; blmpop x 0 k left ; blmpop -1 1 k left ; blmpop x 1 k left ; blmpop 0 a k left ; blmpop 0 1 k middle ; blmpop 0 1 k left count 0 ; blmpop 0 1 k left count 1 count 1 ; blmpop -1 1 k left count ; blmpop 0 2 k left ; blmpop 0 1 k',
    "-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR numkeys should be greater than 0\r\n-ERR syntax error\r\n-ERR count should be greater than 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR wrong number of arguments for 'blmpop' command\r\n",
  ],
  [
    'blmove k l left middle -1 ; blmove k l left left -1 ; blmove k l up left 0 ; brpoplpush k l x ; brpoplpush k l',
    "-ERR syntax error\r\n-ERR timeout is negative\r\n-ERR syntax error\r\n-ERR timeout is not a float or out of range\r\n-ERR wrong number of arguments for 'brpoplpush' command\r\n",
  ],
  [
    'set s v ; blpop s 0 ; blpop s x ; blpop k s 0 ; blmove s l left left 0 ; brpoplpush s l 0 ; blmpop 0 2 k s left ; rpush k a ; blmove k s left left 0 ; lrange k 0 -1',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-ERR timeout is not a float or out of range\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n*1\r\n$1\r\na\r\n',
  ],
];

export const LIST_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'lpop k ; rpop k ; lpop k 1 ; lindex k 0 ; lpos k a ; lpos k a count 1 ; lmpop 1 k left ; lmove k d left left ; rpoplpush k d',
    '_\r\n_\r\n_\r\n_\r\n_\r\n*0\r\n_\r\n_\r\n_\r\n',
  ],
  [
    'rpush k a b 3 ; lrange k 0 -1 ; lpop k 2 ; lmpop 1 k right ; exists k',
    ':3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\n3\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\n3\r\n:0\r\n',
  ],
  [
    'rpush k a b ; blpop k 0 ; blmpop 0 1 k left ; multi ; blpop k 0 ; blmove k l left left 0 ; blmpop 0 1 k left ; exec',
    ':2\r\n*2\r\n$1\r\nk\r\n$1\r\na\r\n*2\r\n$1\r\nk\r\n*1\r\n$1\r\nb\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n_\r\n_\r\n_\r\n',
  ],
];

// Recorded from Valkey 8.0.1: what Redis has since 7.2.

export const LIST_EXCHANGES_7_2: readonly Exchange[] = [
  ['rpush k a b c ; object encoding k', ':3\r\n$8\r\nlistpack\r\n'],
  [
    'config set list-max-listpack-size 2 ; rpush k a b ; object encoding k ; rpush k c ; object encoding k ; lpop k ; object encoding k ; lpop k ; object encoding k ; rpush k d ; object encoding k ; config set list-max-listpack-size -2',
    '+OK\r\n:2\r\n$8\r\nlistpack\r\n:3\r\n$9\r\nquicklist\r\n$1\r\na\r\n$9\r\nquicklist\r\n$1\r\nb\r\n$8\r\nlistpack\r\n:2\r\n$8\r\nlistpack\r\n+OK\r\n',
  ],
  [
    'config set list-max-listpack-size 4 ; rpush k a b c d ; linsert k before nobody x ; object encoding k ; config set list-max-listpack-size -2',
    '+OK\r\n:4\r\n:-1\r\n$9\r\nquicklist\r\n+OK\r\n',
  ],
  [
    'config set list-max-listpack-size 4 ; rpush k a b c d ; lset k 9 x ; object encoding k ; lset k 0 x ; object encoding k ; ltrim k 0 1 ; object encoding k ; config set list-max-listpack-size -2',
    '+OK\r\n:4\r\n-ERR index out of range\r\n$9\r\nquicklist\r\n+OK\r\n$9\r\nquicklist\r\n+OK\r\n$8\r\nlistpack\r\n+OK\r\n',
  ],
  [
    'config set list-max-listpack-size 4 ; rpush k a b c d e ; lrem k 0 a ; object encoding k ; lrem k 0 b ; object encoding k ; lrem k 0 c ; object encoding k ; config set list-max-listpack-size -2',
    '+OK\r\n:5\r\n:1\r\n$9\r\nquicklist\r\n:1\r\n$9\r\nquicklist\r\n:1\r\n$9\r\nquicklist\r\n+OK\r\n',
  ],
  [
    'config set list-max-listpack-size 4 ; rpush k 1 2 3 4 5 ; copy k l ; object encoding l ; lmpop 1 k left count 3 ; object encoding k ; object encoding l ; config set list-max-listpack-size -2',
    '+OK\r\n:5\r\n:1\r\n$9\r\nquicklist\r\n*2\r\n$1\r\nk\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$9\r\nquicklist\r\n$9\r\nquicklist\r\n+OK\r\n',
  ],
  [
    'lpos nokey a rank -9223372036854775808',
    '-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n',
  ],
];
