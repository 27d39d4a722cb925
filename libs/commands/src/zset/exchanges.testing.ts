// Recorded from redis-server 7.0.15, an empty data set for each line; what 7.2 has from Valkey 8.0.1.

import type { Exchange } from '../transcript.testing.ts';

export const ZSET_EXCHANGES: readonly Exchange[] = [
  // ZADD
  [
    'zadd z 1 a ; zadd z 1 a ; zadd z 2 a ; zscore z a ; type z ; object encoding z',
    ':1\r\n:0\r\n:0\r\n$1\r\n2\r\n+zset\r\n$8\r\nlistpack\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zcard z ; zrange z 0 -1 withscores',
    ':3\r\n:3\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n',
  ],
  [
    'zadd z nx 1 a ; zadd z nx 2 a ; zadd z xx 3 b ; zadd z xx 4 a ; zscore z a ; zcard z',
    ':1\r\n:0\r\n:0\r\n:0\r\n$1\r\n4\r\n:1\r\n',
  ],
  [
    'zadd z 5 a ; zadd z gt 4 a ; zadd z gt ch 6 a ; zadd z lt 7 a ; zadd z lt ch 1 a 1 b ; zrange z 0 -1 withscores',
    ':1\r\n:0\r\n:1\r\n:0\r\n:2\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n1\r\n',
  ],
  ['zadd z ch 1 a 2 b ; zadd z ch 1 a 3 b 4 c', ':2\r\n:2\r\n'],
  [
    'zadd z incr 1.5 a ; zadd z incr 1.5 a ; zadd z nx incr 1 a ; zadd z xx incr 1 b ; zadd z gt incr -1 a ; zadd z lt incr -1 a',
    '$3\r\n1.5\r\n$1\r\n3\r\n$-1\r\n$-1\r\n$-1\r\n$1\r\n2\r\n',
  ],
  [
    'zadd z incr inf a ; zadd z incr -inf a ; zincrby z -inf a ; zscore z a',
    '$3\r\ninf\r\n-ERR resulting score is not a number (NaN)\r\n-ERR resulting score is not a number (NaN)\r\n$3\r\ninf\r\n',
  ],
  ['zadd z xx incr 1 a ; exists z', '$-1\r\n:0\r\n'],
  ['zadd z', "-ERR wrong number of arguments for 'zadd' command\r\n"],
  ['zadd z 1', "-ERR wrong number of arguments for 'zadd' command\r\n"],
  ['zadd z 1 a 2', '-ERR syntax error\r\n'],
  ['zadd z nx', "-ERR wrong number of arguments for 'zadd' command\r\n"],
  ['zadd z nx xx 1 a', '-ERR XX and NX options at the same time are not compatible\r\n'],
  ['zadd z gt nx 1 a', '-ERR GT, LT, and/or NX options at the same time are not compatible\r\n'],
  ['zadd z lt gt 1 a', '-ERR GT, LT, and/or NX options at the same time are not compatible\r\n'],
  ['zadd z incr 1 a 2 b', '-ERR INCR option supports a single increment-element pair\r\n'],
  ['zadd z foo a', '-ERR value is not a valid float\r\n'],
  ['zadd z 1 a foo b ; exists z', '-ERR value is not a valid float\r\n:0\r\n'],
  ['zadd z nan a', '-ERR value is not a valid float\r\n'],
  ['zadd z "" a', '-ERR value is not a valid float\r\n'],
  ['zadd z " 1" a', '-ERR value is not a valid float\r\n'],
  ['zadd z "1 " a', '-ERR value is not a valid float\r\n'],
  ['zadd z 1e400 a', '-ERR value is not a valid float\r\n'],
  ['zadd z -1e400 a', '-ERR value is not a valid float\r\n'],
  ['zadd z 1e-400 a', '-ERR value is not a valid float\r\n'],
  [
    'zadd z 0x10 a 0x1p-3 b .5 c 5. d +7 e 1e3 f ; zrange z 0 -1 withscores',
    ':6\r\n*12\r\n$1\r\nb\r\n$5\r\n0.125\r\n$1\r\nc\r\n$3\r\n0.5\r\n$1\r\nd\r\n$1\r\n5\r\n$1\r\ne\r\n$1\r\n7\r\n$1\r\na\r\n$2\r\n16\r\n$1\r\nf\r\n$4\r\n1000\r\n',
  ],
  [
    'zadd z inf a -inf b Infinity c -INFINITY d +inf e ; zrange z 0 -1 withscores',
    ':5\r\n*10\r\n$1\r\nb\r\n$4\r\n-inf\r\n$1\r\nd\r\n$4\r\n-inf\r\n$1\r\na\r\n$3\r\ninf\r\n$1\r\nc\r\n$3\r\ninf\r\n$1\r\ne\r\n$3\r\ninf\r\n',
  ],
  [
    'zadd z 0.1 a 1e21 b 3.0 c 1e-7 d 123456789012345680 e 9007199254740993 f 1.7976931348623157e308 g 5e-324 h 1e17 i 1e16 j ; zrange z 0 -1 withscores',
    ':10\r\n*20\r\n$1\r\nh\r\n$23\r\n4.9406564584124654e-324\r\n$1\r\nd\r\n$22\r\n9.9999999999999995e-08\r\n$1\r\na\r\n$19\r\n0.10000000000000001\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nf\r\n$16\r\n9007199254740992\r\n$1\r\nj\r\n$17\r\n10000000000000000\r\n$1\r\ni\r\n$5\r\n1e+17\r\n$1\r\ne\r\n$22\r\n1.2345678901234568e+17\r\n$1\r\nb\r\n$5\r\n1e+21\r\n$1\r\ng\r\n$23\r\n1.7976931348623157e+308\r\n',
  ],
  ['zadd z -0 a ; zscore z a ; object encoding z', ':1\r\n$1\r\n0\r\n$8\r\nlistpack\r\n'],
  [
    'zadd z -0 a 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; zscore z a ; object encoding z',
    ':2\r\n$1\r\n0\r\n$8\r\nskiplist\r\n',
  ],
  [
    'zadd z 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; object encoding z ; zadd z 1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; object encoding z',
    ':1\r\n$8\r\nlistpack\r\n:1\r\n$8\r\nskiplist\r\n',
  ],
  [
    'config set zset-max-listpack-entries 2 ; zadd z 1 a 2 b ; object encoding z ; zadd z 3 c ; object encoding z ; zrem z c b ; object encoding z ; zrange z 0 -1 ; config set zset-max-listpack-entries 128',
    '+OK\r\n:2\r\n$8\r\nlistpack\r\n:1\r\n$8\r\nskiplist\r\n:2\r\n$8\r\nskiplist\r\n*1\r\n$1\r\na\r\n+OK\r\n',
  ],
  [
    'set z x ; zadd z 1 a ; zrem z a ; zscore z a ; zrange z 0 -1 ; zunion 1 z ; zpopmin z ; zscan z 0 ; zrandmember z',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'zincrby z 2.5 a ; zincrby z -1 a ; zincrby z x a ; zincrby z 1e308 a ; zincrby z 1e308 a',
    '$3\r\n2.5\r\n$3\r\n1.5\r\n-ERR value is not a valid float\r\n$6\r\n1e+308\r\n$3\r\ninf\r\n',
  ],
  // the order
  [
    'zadd z 1 b 1 a 0 c 1 "" 1 ab ; zrange z 0 -1',
    ':5\r\n*5\r\n$1\r\nc\r\n$0\r\n\r\n$1\r\na\r\n$2\r\nab\r\n$1\r\nb\r\n',
  ],
  [
    'zadd z 1 10 1 9 1 -1 1 a ; zrange z 0 -1 ; zrank z 9 ; zrevrank z 9',
    ':4\r\n*4\r\n$2\r\n-1\r\n$2\r\n10\r\n$1\r\n9\r\n$1\r\na\r\n:2\r\n:1\r\n',
  ],
  // ZREM
  ['zadd z 1 a 2 b ; zrem z a c a ; zrem z b ; exists z ; zrem z b', ':2\r\n:1\r\n:1\r\n:0\r\n:0\r\n'],
  [
    'zadd z 1 a 2 b 3 c 4 d ; zremrangebyrank z 1 -2 ; zrange z 0 -1 ; zremrangebyrank z 5 9 ; zremrangebyrank z -9 -1 ; exists z',
    ':4\r\n:2\r\n*2\r\n$1\r\na\r\n$1\r\nd\r\n:0\r\n:2\r\n:0\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c 4 d ; zremrangebyscore z (1 3 ; zremrangebyscore z -inf +inf ; exists z ; zremrangebyscore z 1 x',
    ':4\r\n:2\r\n:2\r\n:0\r\n-ERR min or max is not a float\r\n',
  ],
  [
    'zadd z 0 a 0 b 0 c ; zremrangebylex z [b + ; zremrangebylex z b + ; zrange z 0 -1',
    ':3\r\n:2\r\n-ERR min or max not valid string range item\r\n*1\r\n$1\r\na\r\n',
  ],
  ['zremrangebyrank z a b', '-ERR value is not an integer or out of range\r\n'],
  // reading
  [
    'zadd z 1 a ; zmscore z a b a ; zmscore y a ; zscore z b ; zscore y a ; zcard y',
    ':1\r\n*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n1\r\n*1\r\n$-1\r\n$-1\r\n$-1\r\n:0\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zcount z 1 2 ; zcount z (1 (3 ; zcount z -inf inf ; zcount z 3 1 ; zcount z "" " 2" ; zcount z a 2 ; zcount z (1 1 ; zcount z nan 1 ; zcount z 1 1e400',
    ':3\r\n:2\r\n:1\r\n:3\r\n:0\r\n:2\r\n-ERR min or max is not a float\r\n:0\r\n-ERR min or max is not a float\r\n:3\r\n',
  ],
  ['zadd z 1 a 2 b ; zrank z a ; zrevrank z a ; zrank z x ; zrank y a', ':2\r\n:0\r\n:1\r\n$-1\r\n$-1\r\n'],
  [
    'zadd z 0 a 0 b 0 c ; zlexcount z - + ; zlexcount z [a (c ; zlexcount z (a + ; zlexcount z + - ; zlexcount z a b ; zlexcount z ( + ; zlexcount z "" +',
    ':3\r\n:3\r\n:2\r\n:2\r\n:0\r\n-ERR min or max not valid string range item\r\n:3\r\n-ERR min or max not valid string range item\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zrange z 0 0 ; zrange z -2 -1 ; zrange z 1 0 ; zrange z 5 9 ; zrange z 0 -1 rev ; zrange z 0 1 rev withscores ; zrange y 0 -1',
    ':3\r\n*1\r\n$1\r\na\r\n*2\r\n$1\r\nb\r\n$1\r\nc\r\n*0\r\n*0\r\n*3\r\n$1\r\nc\r\n$1\r\nb\r\n$1\r\na\r\n*4\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nb\r\n$1\r\n2\r\n*0\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zrange z 1 (3 byscore ; zrange z (3 1 byscore rev ; zrange z -inf +inf byscore limit 1 1 ; zrange z +inf -inf byscore rev limit 0 -1 withscores ; zrange z 1 2 byscore limit -1 2 ; zrange z 1 2 byscore limit 5 2',
    ':3\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n$1\r\nb\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n*6\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\na\r\n$1\r\n1\r\n*0\r\n*0\r\n',
  ],
  [
    'zadd z 0 a 0 b 0 c ; zrange z - + bylex ; zrange z [c (a bylex rev ; zrange z - + bylex limit 1 1',
    ':3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n*1\r\n$1\r\nb\r\n',
  ],
  [
    'zadd z 1 a ; zrange z 0 -1 limit 0 1 ; zrange z - + bylex withscores ; zrange z 0 x ; zrange z a b byscore ; zrange z a b bylex ; zrange z 0 -1 foo ; zrange z 0 -1 byscore bylex ; zrange z 0 -1 limit 1 ; zrange z 0 -1 byscore limit a b',
    ':1\r\n-ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX\r\n-ERR syntax error, WITHSCORES not supported in combination with BYLEX\r\n-ERR value is not an integer or out of range\r\n-ERR min or max is not a float\r\n-ERR min or max not valid string range item\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zrevrange z 0 1 withscores ; zrangebyscore z (1 3 withscores limit 0 1 ; zrevrangebyscore z 3 (1 ; zrevrange z 0 -1 rev ; zrangebyscore z 1 2 byscore',
    ':3\r\n*4\r\n$1\r\nc\r\n$1\r\n3\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\nc\r\n$1\r\nb\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  [
    'zadd z 0 a 0 b 0 c ; zrangebylex z [a (c ; zrevrangebylex z + (a limit 0 1 ; zrangebylex z - + withscores',
    ':3\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*1\r\n$1\r\nc\r\n-ERR syntax error, WITHSCORES not supported in combination with BYLEX\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zrangestore d z 1 -1 ; zrange d 0 -1 withscores ; zrangestore d z (1 +inf byscore limit 0 1 ; zrange d 0 -1 ; zrangestore d z 5 9 ; exists d ; zrangestore d y 0 -1 ; zrangestore d z 0 -1 withscores ; zrangestore z z 0 0 rev ; zrange z 0 -1',
    ':3\r\n:2\r\n*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n:1\r\n*1\r\n$1\r\nb\r\n:0\r\n:0\r\n:0\r\n-ERR syntax error\r\n:1\r\n*1\r\n$1\r\nc\r\n',
  ],
  [
    'set s x ; zadd z 1 a ; zrangestore s z 0 -1 ; type s ; zrangestore d s 0 x',
    '+OK\r\n:1\r\n:1\r\n+zset\r\n-ERR value is not an integer or out of range\r\n',
  ],
  // sets of sets
  [
    'zadd a 1 x 2 y ; zadd b 10 y 20 z ; zunion 2 a b ; zunion 2 a b withscores ; zinter 2 a b withscores ; zdiff 2 a b withscores ; zintercard 2 a b',
    ':2\r\n:2\r\n*3\r\n$1\r\nx\r\n$1\r\ny\r\n$1\r\nz\r\n*6\r\n$1\r\nx\r\n$1\r\n1\r\n$1\r\ny\r\n$2\r\n12\r\n$1\r\nz\r\n$2\r\n20\r\n*2\r\n$1\r\ny\r\n$2\r\n12\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n:1\r\n',
  ],
  [
    'zadd a 1 x 2 y ; zadd b 10 y 20 z ; zunion 2 a b weights 2 -1 aggregate max withscores ; zinter 2 a b aggregate min withscores ; zunion 2 a b weights 0.5 inf withscores',
    ':2\r\n:2\r\n*6\r\n$1\r\nz\r\n$3\r\n-20\r\n$1\r\nx\r\n$1\r\n2\r\n$1\r\ny\r\n$1\r\n4\r\n*2\r\n$1\r\ny\r\n$1\r\n2\r\n*6\r\n$1\r\nx\r\n$3\r\n0.5\r\n$1\r\ny\r\n$3\r\ninf\r\n$1\r\nz\r\n$3\r\ninf\r\n',
  ],
  [
    'zadd a inf x ; zadd b -inf x ; zunion 2 a b withscores ; zunion 2 a b aggregate min withscores ; zunion 1 a weights 0 withscores ; zinter 2 a b weights 0 1 withscores',
    ':1\r\n:1\r\n*2\r\n$1\r\nx\r\n$1\r\n0\r\n*2\r\n$1\r\nx\r\n$4\r\n-inf\r\n*2\r\n$1\r\nx\r\n$1\r\n0\r\n*2\r\n$1\r\nx\r\n$4\r\n-inf\r\n',
  ],
  [
    'sadd s x y ; zadd a 5 x ; zunion 2 a s withscores ; zinterstore d 2 a s ; zrange d 0 -1 withscores ; zdiff 2 s a withscores ; zintercard 3 a s s limit 1',
    ':2\r\n:1\r\n*4\r\n$1\r\ny\r\n$1\r\n1\r\n$1\r\nx\r\n$1\r\n6\r\n:1\r\n*2\r\n$1\r\nx\r\n$1\r\n6\r\n*2\r\n$1\r\ny\r\n$1\r\n1\r\n:1\r\n',
  ],
  [
    'zadd a 1 x ; zunionstore d 1 a ; object encoding d ; zunionstore d 2 y n ; exists d ; zinterstore d 2 a y ; zdiffstore d 1 a ; zdiffstore d 2 a a ; exists d',
    ':1\r\n:1\r\n$8\r\nlistpack\r\n:0\r\n:0\r\n:0\r\n:1\r\n:0\r\n:0\r\n',
  ],
  [
    'zunion 0 a ; zunionstore d -1 a ; zinter x a ; zinter 2 a ; zunion 1 a foo ; zunion 1 a weights ; zunion 1 a weights x ; zunion 1 a aggregate avg ; zdiff 1 a weights 1 ; zunionstore d 1 a withscores ; zintercard 1 a limit -1 ; zintercard 1 a limit x ; zintercard 0 a',
    "-ERR at least 1 input key is needed for 'zunion' command\r\n-ERR at least 1 input key is needed for 'zunionstore' command\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR weight value is not a float\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR LIMIT can't be negative\r\n-ERR LIMIT can't be negative\r\n-ERR at least 1 input key is needed for 'zintercard' command\r\n",
  ],
  [
    'set k x ; zunion 1 k ; zintercard 2 y k ; zunionstore k 1 y ; exists k',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n:0\r\n:0\r\n',
  ],
  [
    'zadd a 1 x ; zunionstore a 2 a a weights 2 3 ; zrange a 0 -1 withscores',
    ':1\r\n:1\r\n*2\r\n$1\r\nx\r\n$1\r\n5\r\n',
  ],
  // popping
  [
    'zadd z 1 a 2 b 3 c ; zpopmin z ; zpopmax z ; zpopmin z 5 ; exists z ; zpopmin z ; zpopmax z 2',
    ':3\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n:0\r\n*0\r\n*0\r\n',
  ],
  [
    'zadd z 1 a 2 b ; zpopmin z 0 ; zpopmin z -1 ; zpopmin z x ; zpopmin z 1 2 ; zpopmax z 2',
    ':2\r\n*0\r\n-ERR value is out of range, must be positive\r\n-ERR value is out of range, must be positive\r\n-ERR syntax error\r\n*4\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\na\r\n$1\r\n1\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c ; zmpop 2 y z min ; zmpop 1 z max count 5 ; zmpop 1 z min',
    ':3\r\n*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nz\r\n*2\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n*2\r\n$1\r\nb\r\n$1\r\n2\r\n*-1\r\n',
  ],
  [
    'zmpop 0 z min ; zmpop x z min ; zmpop 1 z ; zmpop 1 z mid ; zmpop 2 z min ; zmpop 1 z min count 0 ; zmpop 1 z min count 1 count 2 ; zmpop 1 z min foo ; zmpop 1 z max count',
    "-ERR numkeys should be greater than 0\r\n-ERR numkeys should be greater than 0\r\n-ERR wrong number of arguments for 'zmpop' command\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR count should be greater than 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n",
  ],
  // the rest
  [
    'zrandmember z -4611686018427387904 withscores ; zrandmember z -4611686018427387903 withscores ; zrandmember z 4611686018427387904 withscores ; zrandmember z 4611686018427387903 withscores ; zrandmember z 4611686018427387904',
    '-ERR value is out of range\r\n*0\r\n-ERR value is out of range\r\n*0\r\n*0\r\n',
  ],
  [
    'zrandmember z ; zadd z 1 a ; zrandmember z ; zrandmember z 3 ; zrandmember z -2 withscores ; zrandmember z 0 ; zrandmember y 5 ; zrandmember z x ; zrandmember z 1 foo ; zrandmember z -9223372036854775808 ; zrandmember z 9223372036854775807 withscores',
    '$-1\r\n:1\r\n$1\r\na\r\n*1\r\n$1\r\na\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\na\r\n$1\r\n1\r\n*0\r\n*0\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n-ERR value is out of range\r\n',
  ],
  [
    'zadd z 1 a 1.5 b 123456789012345680 c inf d ; zscan z 0 ; zscan z 0 match [ab] count 1 ; zscan z x ; zscan z 0 count 0 ; zscan y 0 foo',
    ':4\r\n*2\r\n$1\r\n0\r\n*8\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n1.5\r\n$1\r\nc\r\n$18\r\n123456789012345680\r\n$1\r\nd\r\n$3\r\ninf\r\n*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n1.5\r\n-ERR invalid cursor\r\n-ERR syntax error\r\n*2\r\n$1\r\n0\r\n*0\r\n',
  ],
  [
    'zadd z 1 a ; debug digest-value z ; copy z y ; debug digest-value y ; zadd y 2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; zrem y aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; object encoding y ; debug digest-value y',
    ':1\r\n*1\r\n+430190c6ed5abafff87d97b4f51a92796ed05895\r\n:1\r\n*1\r\n+430190c6ed5abafff87d97b4f51a92796ed05895\r\n:1\r\n:1\r\n$8\r\nskiplist\r\n*1\r\n+430190c6ed5abafff87d97b4f51a92796ed05895\r\n',
  ],
  [
    'zadd z 1 a 2 b ; rename z y ; zrange y 0 -1 ; expire y 100 ; zadd y 3 c ; ttl y',
    ':2\r\n+OK\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n:1\r\n:1\r\n:100\r\n',
  ],
  // those that wait, when they need not
  [
    'zadd k 1 a 2 b 3 c 4 d ; bzpopmin k 0 ; bzpopmax nokey k 0 ; bzpopmin k nokey k 1.5 ; bzpopmax k 0 ; exists k',
    ':4\r\n*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n*3\r\n$1\r\nk\r\n$1\r\nd\r\n$1\r\n4\r\n*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n2\r\n*3\r\n$1\r\nk\r\n$1\r\nc\r\n$1\r\n3\r\n:0\r\n',
  ],
  [
    'zadd k 1 a 2.5 b 3 c ; zadd l 1 x 2 y ; bzmpop 0 2 nokey k min ; bzmpop 0 3 nokey l k max count 5 ; exists l ; bzmpop 0 1 k min count 10 ; exists k',
    ':3\r\n:2\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\nl\r\n*2\r\n*2\r\n$1\r\ny\r\n$1\r\n2\r\n*2\r\n$1\r\nx\r\n$1\r\n1\r\n:0\r\n*2\r\n$1\r\nk\r\n*2\r\n*2\r\n$1\r\nb\r\n$3\r\n2.5\r\n*2\r\n$1\r\nc\r\n$1\r\n3\r\n:0\r\n',
  ],
  [
    'multi ; bzpopmin k l 0 ; bzpopmax k 0 ; bzmpop 0 1 k min ; exec',
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n*-1\r\n*-1\r\n*-1\r\n',
  ],
  [
    'bzpopmin k -1 ; bzpopmax k x ; bzpopmin k ; bzmpop x 0 k min ; bzmpop -1 1 k min ; bzmpop x 1 k min ; bzmpop 0 1 k middle ; bzmpop 0 1 k min count 0 ; bzmpop 0 1 k min count 1 count 1 ; bzmpop 0 2 k min',
    "-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR wrong number of arguments for 'bzpopmin' command\r\n-ERR numkeys should be greater than 0\r\n-ERR timeout is negative\r\n-ERR timeout is not a float or out of range\r\n-ERR syntax error\r\n-ERR count should be greater than 0\r\n-ERR syntax error\r\n-ERR syntax error\r\n",
  ],
  [
    'set s v ; bzpopmin s 0 ; bzpopmin k s 0 ; bzmpop 0 2 k s max',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
];

export const ZSET_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'zadd z 1 a 2.5 b inf c ; zscore z b ; zscore z c ; zmscore z a x ; zincrby z 0.1 a ; zadd z incr 1 a ; zadd z nx incr 1 a',
    ':3\r\n,2.5\r\n,inf\r\n*2\r\n,1\r\n_\r\n,1.1000000000000001\r\n,2.1000000000000001\r\n_\r\n',
  ],
  [
    'zadd z 1 a 2.5 b ; zrange z 0 -1 ; zrange z 0 -1 withscores ; zrevrange z 0 -1 withscores ; zrangebyscore z 1 2 withscores ; zrange y 0 -1 withscores',
    ':2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2.5\r\n*2\r\n*2\r\n$1\r\nb\r\n,2.5\r\n*2\r\n$1\r\na\r\n,1\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n*0\r\n',
  ],
  [
    'zadd a 1 x 2 y ; zunion 1 a ; zunion 1 a withscores ; zinter 1 a withscores ; zdiff 1 a withscores',
    ':2\r\n*2\r\n$1\r\nx\r\n$1\r\ny\r\n*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,2\r\n*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,2\r\n*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,2\r\n',
  ],
  [
    'zadd z 1 a 2 b 3 c 4 d ; zpopmin z ; zpopmin z 1 ; zpopmax z 5 ; zpopmin z ; zpopmin z 2',
    ':4\r\n*2\r\n$1\r\na\r\n,1\r\n*1\r\n*2\r\n$1\r\nb\r\n,2\r\n*2\r\n*2\r\n$1\r\nd\r\n,4\r\n*2\r\n$1\r\nc\r\n,3\r\n*0\r\n*0\r\n',
  ],
  [
    'zadd z 1 a 2 b ; zmpop 1 z min ; zmpop 1 z max count 2 ; zmpop 1 z min',
    ':2\r\n*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nz\r\n*1\r\n*2\r\n$1\r\nb\r\n,2\r\n_\r\n',
  ],
  [
    'zadd z 1 a ; zrandmember z ; zrandmember z 2 withscores ; zrandmember z -2 ; zrandmember y ; zscan z 0',
    ':1\r\n$1\r\na\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\na\r\n$1\r\na\r\n_\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n',
  ],
  ['zrank z a ; zscore z a ; zadd z -inf a ; zscore z a', '_\r\n_\r\n:1\r\n,-inf\r\n'],
  [
    'zadd k 1 a 2.5 b 3 c ; bzpopmin k 0 ; bzpopmax k 0 ; bzmpop 0 1 k min ; multi ; bzpopmin k 0 ; bzmpop 0 1 k min ; exec',
    ':3\r\n*3\r\n$1\r\nk\r\n$1\r\na\r\n,1\r\n*3\r\n$1\r\nk\r\n$1\r\nc\r\n,3\r\n*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\nb\r\n,2.5\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n_\r\n_\r\n',
  ],
];

export const ZSET_EXCHANGES_7_2: readonly Exchange[] = [
  [
    'zadd z 1 a 2 b ; zrank z b withscore ; zrevrank z b WITHSCORE ; zrank z x withscore ; zrank y a withscore ; zrank z a withscores ; zrank z a withscore x ; zrevrank z a withscore x ; zrank z',
    ":2\r\n*2\r\n:1\r\n$1\r\n2\r\n*2\r\n:0\r\n$1\r\n2\r\n*-1\r\n*-1\r\n-ERR syntax error\r\n-ERR wrong number of arguments for 'zrank' command\r\n-ERR wrong number of arguments for 'zrevrank' command\r\n-ERR wrong number of arguments for 'zrank' command\r\n",
  ],
  [
    'config set zset-max-listpack-entries 2 ; zadd z 1 a 2 a 3 a ; object encoding z ; zadd y 1 a ; object encoding y ; zadd y xx 1 b 1 c 1 d ; object encoding y ; config set zset-max-listpack-entries 128',
    '+OK\r\n:1\r\n$8\r\nskiplist\r\n:1\r\n$8\r\nlistpack\r\n:0\r\n$8\r\nskiplist\r\n+OK\r\n',
  ],
];
