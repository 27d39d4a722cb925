// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const HYPERLOGLOG_EXCHANGES: readonly Exchange[] = [
  [
    'pfadd h ; get h ; object encoding h ; pfadd h ; strlen h',
    ':1\r\n$18\r\nHYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\r\n$3\r\nraw\r\n:0\r\n:18\r\n',
  ],
  [
    'pfadd h a ; pfadd h a ; pfadd h a b c d e ; pfcount h ; get h ; pfcount h',
    ':1\r\n:0\r\n:1\r\n:5\r\n$33\r\nHYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\\{\x80Dv\x80P\xb1\x84I\x8c\x80Bm\x80BZ\r\n:5\r\n',
  ],
  [
    'pfadd h a b c ; pfcount h ; pfadd h d ; get h ; pfcount h ; get h',
    ':1\r\n:3\r\n:1\r\n$30\r\nHYLL\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x80\\{\x80Dv\x80P\xb1\x84K\xfb\x80BZ\r\n:4\r\n$30\r\nHYLL\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\\{\x80Dv\x80P\xb1\x84K\xfb\x80BZ\r\n',
  ],
  ['pfcount nosuch ; pfcount nosuch h ; exists nosuch', ':0\r\n:0\r\n:0\r\n'],
  [
    'pfadd h a b c ; pfadd g c d e ; pfcount h g ; pfcount h g nosuch ; pfmerge m h g ; pfcount m ; pfdebug decode m ; get m',
    ':1\r\n:1\r\n:5\r\n:5\r\n+OK\r\n:5\r\n$69\r\nZ:7292 v:1,1 Z:1143 v:1,1 Z:4274 v:2,1 Z:2445 v:1,1 Z:622 v:1,1 Z:603\r\n$33\r\nHYLL\x01\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\\{\x80Dv\x80P\xb1\x84I\x8c\x80Bm\x80BZ\r\n',
  ],
  [
    'pfmerge m ; get m ; object encoding m ; pfmerge m nosuch ; pfcount m',
    '+OK\r\n$18\r\nHYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\r\n$3\r\nraw\r\n+OK\r\n:0\r\n',
  ],
  [
    'pfadd h "" "\\x00" "\\xff\\xfe" 12345678 123456789 1234567 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ; pfdebug decode h ; pfcount h',
    ':1\r\n$92\r\nZ:654 v:2,1 Z:5283 v:2,1 Z:2901 v:2,1 Z:405 v:5,1 z:46 v:2,1 Z:1033 v:3,1 Z:251 v:3,1 Z:5804\r\n:7\r\n',
  ],
  [
    'pfadd h a ; pfdebug encoding h ; pfdebug ENCODING h ; pfdebug todense h ; pfdebug todense h ; pfdebug encoding h ; strlen h ; pfcount h ; pfdebug decode h',
    ':1\r\n+sparse\r\n+sparse\r\n:1\r\n:0\r\n+dense\r\n:12304\r\n:1\r\n-ERR HLL encoding is not sparse\r\n',
  ],
  [
    'pfdebug encoding nosuch ; pfdebug foo nosuch ; pfadd h a ; pfdebug foo h ; pfdebug encoding ; pfdebug',
    "-ERR The specified key does not exist\r\n-ERR The specified key does not exist\r\n:1\r\n-ERR Unknown PFDEBUG subcommand 'foo'\r\n-ERR wrong number of arguments for 'pfdebug' command\r\n-ERR wrong number of arguments for 'pfdebug' command\r\n",
  ],
  [
    'set s v ; pfadd s a ; pfcount s ; pfcount s h ; pfmerge s ; pfmerge d s ; pfdebug encoding s ; exists d',
    '+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n:0\r\n',
  ],
  [
    'set n 5 ; pfadd n a ; lpush l x ; pfadd l a ; pfcount l ; pfmerge l ; pfmerge x l ; pfdebug encoding l',
    '+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n:1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'set h "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff" ; object encoding h ; pfcount h ; object encoding h ; get h ; pfadd h a ; pfcount h',
    '+OK\r\n$6\r\nembstr\r\n:0\r\n$3\r\nraw\r\n$18\r\nHYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff\r\n:1\r\n:1\r\n',
  ],
  [
    'set h "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xfe" ; pfcount h ; pfmerge h ; pfcount h x ; pfdebug decode h ; pfdebug getreg h ; pfdebug todense h',
    '+OK\r\n-INVALIDOBJ Corrupted HLL object detected\r\n-INVALIDOBJ Corrupted HLL object detected\r\n-INVALIDOBJ Corrupted HLL object detected\r\n$7\r\nZ:16383\r\n-INVALIDOBJ Corrupted HLL object detected\r\n-INVALIDOBJ Corrupted HLL object detected\r\n',
  ],
  [
    'set h "HYLL\\x02\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff" ; pfcount h',
    '+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n',
  ],
  [
    'set h "HYLL\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff" ; pfcount h',
    '+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n',
  ],
  [
    'set h "HYLL\\x01" ; pfcount h ; set h HYLM\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x7f\\xff ; pfcount h',
    '+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n+OK\r\n-WRONGTYPE Key is not a valid HyperLogLog string value.\r\n',
  ],
  [
    'set h "HYLL\\x01abc\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\x7f\\xff" ; pfcount h ; pfcount h h ; pfadd h a ; get h',
    '+OK\r\n:9223372036854775807\r\n:0\r\n:1\r\n$21\r\nHYLL\x01abc\xff\xff\xff\xff\xff\xff\xff\xffq\xa6\x84NW\r\n',
  ],
  [
    'set h "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80" ; pfadd h a b c ; get h',
    '+OK\r\n-INVALIDOBJ Corrupted HLL object detected\r\n$16\r\nHYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\r\n',
  ],
  [
    'set h "HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x5f\\xff" ; pfadd h a b c d e f g h i j k l m n ; get h',
    '+OK\r\n-INVALIDOBJ Corrupted HLL object detected\r\n$18\r\nHYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80_\xff\r\n',
  ],
  [
    'config set hll-sparse-max-bytes 20 ; pfadd h a b c d e f ; pfdebug encoding h ; pfcount h ; config set hll-sparse-max-bytes 3000',
    '+OK\r\n:1\r\n+dense\r\n:6\r\n+OK\r\n',
  ],
  [
    'config set hll-sparse-max-bytes 20 ; pfadd h a ; pfadd g b ; pfmerge m h g ; pfdebug encoding m ; pfcount m ; pfcount h g ; config set hll-sparse-max-bytes 3000',
    '+OK\r\n:1\r\n:1\r\n+OK\r\n+dense\r\n:2\r\n:2\r\n+OK\r\n',
  ],
  [
    'pfadd h a ; expire h 100 ; pfadd h b ; pfdebug todense h ; pfcount h ; ttl h',
    ':1\r\n:1\r\n:1\r\n:1\r\n:2\r\n:100\r\n',
  ],
  [
    'pfadd ; pfcount ; pfmerge',
    "-ERR wrong number of arguments for 'pfadd' command\r\n-ERR wrong number of arguments for 'pfcount' command\r\n-ERR wrong number of arguments for 'pfmerge' command\r\n",
  ],
];
