// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const GEO_EXCHANGES: readonly Exchange[] = [
  // GEOADD
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; zscore g Palermo ; geodist g Palermo Catania ; geodist g Palermo Catania km ; geodist g Palermo Catania MI ; geodist g Palermo Catania ft',
    ':2\r\n$16\r\n3479099956230698\r\n$11\r\n166274.1516\r\n$8\r\n166.2742\r\n$8\r\n103.3182\r\n$11\r\n545518.8700\r\n',
  ],
  [
    'geoadd g 13.361389 38.115556 Palermo ; geopos g Palermo x ; geohash g Palermo x ; geopos y a b ; geohash y a ; zrange g 0 -1 withscores ; object encoding g',
    ':1\r\n*2\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*-1\r\n*2\r\n$11\r\nsqc8b49rny0\r\n$-1\r\n*2\r\n*-1\r\n*-1\r\n*1\r\n$-1\r\n*2\r\n$7\r\nPalermo\r\n$16\r\n3479099956230698\r\n$8\r\nlistpack\r\n',
  ],
  [
    'geoadd g nx 1 1 a ; geoadd g nx 2 2 a ; geoadd g xx 3 3 b ; geoadd g xx ch 4 4 a ; geoadd g ch 4 4 a 5 5 b ; geopos g a b',
    ':1\r\n:0\r\n:0\r\n:1\r\n:1\r\n*2\r\n*2\r\n$19\r\n4.00000244379043579\r\n$19\r\n3.99999910393250957\r\n*2\r\n$19\r\n4.99999970197677612\r\n$19\r\n4.99999983043607443\r\n',
  ],
  ['geoadd g 181 0 a', '-ERR invalid longitude,latitude pair 181.000000,0.000000\r\n'],
  ['geoadd g 0 85.06 a', '-ERR invalid longitude,latitude pair 0.000000,85.060000\r\n'],
  [
    'geoadd g -180 -85.05112878 a 180 85.05112878 b 0 0 c ; zrange g 0 -1 withscores ; geopos g a b c ; geohash g a b c',
    ':3\r\n*6\r\n$1\r\na\r\n$1\r\n0\r\n$1\r\nc\r\n$16\r\n3377699720527872\r\n$1\r\nb\r\n$17\r\n13510798882111488\r\n*3\r\n*2\r\n$22\r\n-179.99999731779098511\r\n$21\r\n-85.05112751263942528\r\n*2\r\n$3\r\n180\r\n$19\r\n85.0511287799999991\r\n*2\r\n$19\r\n0.00000268220901489\r\n$19\r\n0.00000126736058093\r\n*3\r\n$11\r\n00bh0hbj200\r\n$11\r\nbp05b5048p0\r\n$11\r\ns0000000000\r\n',
  ],
  ['geoadd g 1e30 -inf a', '-ERR invalid longitude,latitude pair 1000000000000000019884624838656.000000,-inf\r\n'],
  [
    'geoadd g x 1 a ; geoadd g 1 x a ; geoadd g 1 1 ; geoadd g 1 1 a 2 ; geoadd g nx xx 1 1 a ; geoadd g nx ch ch ; geoadd g nan 1 a',
    "-ERR value is not a valid float\r\n-ERR value is not a valid float\r\n-ERR wrong number of arguments for 'geoadd' command\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not a valid float\r\n",
  ],
  [
    'set g x ; geoadd g 1 1 a ; geopos g a ; geohash g a ; geodist g a b ; geosearch g frommember a byradius 1 m ; georadius g 1 1 1 m',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'geoadd g 1 1 a ; geodist g a a ; geodist g a b ; geodist y a b ; geodist g a a mm ; geodist g a a m x',
    ':1\r\n$6\r\n0.0000\r\n$-1\r\n$-1\r\n-ERR unsupported unit provided. please use M, KM, FT, MI\r\n-ERR syntax error\r\n',
  ],
  [
    'zadd g -1 a 1e300 b inf c 0.5 d 4503599627370496 e ; geopos g a b c d e ; geohash g a b c d e',
    ':5\r\n*5\r\n*2\r\n$3\r\n180\r\n$19\r\n85.0511287799999991\r\n*2\r\n$22\r\n-179.99999731779098511\r\n$21\r\n-85.05112751263942528\r\n*2\r\n$22\r\n-179.99999731779098511\r\n$21\r\n-85.05112751263942528\r\n*2\r\n$22\r\n-179.99999731779098511\r\n$21\r\n-85.05112751263942528\r\n*2\r\n$22\r\n-179.99999731779098511\r\n$19\r\n85.0511287799999991\r\n*5\r\n$11\r\nbp05b5048p0\r\n$11\r\n00bh0hbj200\r\n$11\r\n00bh0hbj200\r\n$11\r\n00bh0hbj200\r\n$11\r\nbp05b5048p0\r\n',
  ],
  // GEOSEARCH
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2 ; geosearch g fromlonlat 15 37 byradius 200 km asc ; geosearch g fromlonlat 15 37 bybox 400 400 km asc withcoord withdist withhash ; geosearch g frommember Palermo byradius 300 km desc withdist count 2 ; geosearch g fromlonlat 15 37 byradius 200 km count 1 any withdist',
    ':4\r\n*2\r\n$7\r\nCatania\r\n$7\r\nPalermo\r\n*4\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n$20\r\n15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*4\r\n$5\r\nedge2\r\n$8\r\n279.7403\r\n:3481342659049484\r\n*2\r\n$20\r\n17.24151045083999634\r\n$20\r\n38.78813451624225195\r\n*4\r\n$5\r\nedge1\r\n$8\r\n279.7405\r\n:3479273021651468\r\n*2\r\n$19\r\n12.7584877610206604\r\n$20\r\n38.78813451624225195\r\n*2\r\n*2\r\n$7\r\nCatania\r\n$8\r\n166.2742\r\n*2\r\n$5\r\nedge1\r\n$7\r\n91.4007\r\n*1\r\n*2\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n',
  ],
  [
    'geoadd g 0 0 a ; geosearch g byradius 1 m ; geosearch g fromlonlat 0 0 ; geosearch g frommember a fromlonlat 0 0 byradius 1 m ; geosearch g frommember a byradius 1 m bybox 1 1 m ; geosearch g frommember x byradius 1 m ; geosearch g frommember a byradius -1 m ; geosearch g frommember a byradius x m ; geosearch g frommember a byradius 1 xx ; geosearch g frommember a bybox 1 -1 m ; geosearch g frommember a bybox x 1 m ; geosearch g frommember a bybox 1 x m ; geosearch g frommember a byradius 1 m count 0 ; geosearch g frommember a byradius 1 m any ; geosearch g frommember a byradius 1 m count x ; geosearch g frommember a byradius 1 m store d ; geosearch g frommember a byradius 1 m foo',
    ":1\r\n-ERR wrong number of arguments for 'geosearch' command\r\n-ERR wrong number of arguments for 'geosearch' command\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR could not decode requested zset member\r\n-ERR radius cannot be negative\r\n-ERR need numeric radius\r\n-ERR unsupported unit provided. please use M, KM, FT, MI\r\n-ERR height or width cannot be negative\r\n-ERR need numeric width\r\n-ERR need numeric height\r\n-ERR COUNT must be > 0\r\n-ERR the ANY argument requires COUNT argument\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n",
  ],
  [
    'geosearch y frommember a byradius 1 m ; geosearch y frommember a byradius 1 ; GeoSearch y fromlonlat 1 1 ; geosearch y fromlonlat 181 1 byradius 1 m',
    "*0\r\n-ERR wrong number of arguments for 'geosearch' command\r\n-ERR wrong number of arguments for 'geosearch' command\r\n-ERR invalid longitude,latitude pair 181.000000,1.000000\r\n",
  ],
  [
    'geoadd g 179.9 0 east -179.9 0 west 0 85 north ; geosearch g fromlonlat 180 0 byradius 100 km asc withdist ; geosearch g fromlonlat 0 85 byradius 1000 km withdist ; geosearch g fromlonlat 0 0 byradius 30000 km asc ; geosearch g fromlonlat 0 0 bybox 50000 50000 km desc',
    ':3\r\n*1\r\n*2\r\n$4\r\neast\r\n$7\r\n11.1227\r\n*1\r\n*2\r\n$5\r\nnorth\r\n$6\r\n0.0000\r\n*3\r\n$5\r\nnorth\r\n$4\r\neast\r\n$4\r\nwest\r\n*3\r\n$4\r\neast\r\n$4\r\nwest\r\n$5\r\nnorth\r\n',
  ],
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; geosearchstore d g fromlonlat 15 37 byradius 100 km ; zrange d 0 -1 withscores ; geosearchstore d g fromlonlat 15 37 byradius 1 m ; exists d ; geosearchstore d y fromlonlat 15 37 byradius 1 m ; geosearchstore d g fromlonlat 15 37 byradius 1 m withdist',
    ':2\r\n:1\r\n*2\r\n$7\r\nCatania\r\n$16\r\n3479447370796909\r\n:0\r\n:0\r\n:0\r\n-ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n',
  ],
  // GEORADIUS
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; georadius g 15 37 200 km ; georadius g 15 37 200 km withdist withcoord withhash asc ; georadius g 15 37 200 km count 1 ; georadius g 15 37 200 km store d ; zrange d 0 -1 ; georadius_ro g 15 37 200 km desc ; georadius_ro g 15 37 200 km store d ; georadius g 15 37 200 km store d withdist ; georadius g 15 37 -1 km ; georadius g 200 37 1 km ; georadius y 15 37 1 km ; georadius y 15 37 1 km store d ; exists d',
    ':2\r\n*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n*2\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n$20\r\n15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n$20\r\n13.36138933897018433\r\n$20\r\n38.11555639549629859\r\n*1\r\n$7\r\nCatania\r\n:2\r\n*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n*2\r\n$7\r\nPalermo\r\n$7\r\nCatania\r\n-ERR syntax error\r\n-ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options\r\n-ERR radius cannot be negative\r\n-ERR invalid longitude,latitude pair 200.000000,37.000000\r\n*0\r\n:0\r\n:0\r\n',
  ],
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; georadiusbymember g Palermo 200 km asc withdist ; georadiusbymember g x 1 km ; georadiusbymember g Palermo 0 m ; georadiusbymember_ro g Palermo 200 km desc ; georadiusbymember y Palermo 200 km ; georadiusbymember y Palermo x km ; georadiusbymember y Palermo x km foo ; georadiusbymember g Palermo 200 km store g ; zcard g',
    ':2\r\n*2\r\n*2\r\n$7\r\nPalermo\r\n$6\r\n0.0000\r\n*2\r\n$7\r\nCatania\r\n$8\r\n166.2742\r\n-ERR could not decode requested zset member\r\n*1\r\n$7\r\nPalermo\r\n*2\r\n$7\r\nCatania\r\n$7\r\nPalermo\r\n*0\r\n*0\r\n-ERR syntax error\r\n:2\r\n:2\r\n',
  ],
];

export const GEO_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'geoadd g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania ; geopos g Palermo x ; geodist g Palermo Catania ; geodist g Palermo x ; geohash g Palermo x ; geosearch g fromlonlat 15 37 byradius 200 km asc withcoord withdist withhash ; georadius g 15 37 200 km withcoord',
    ':2\r\n*2\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n_\r\n$11\r\n166274.1516\r\n_\r\n*2\r\n$11\r\nsqc8b49rny0\r\n_\r\n*2\r\n*4\r\n$7\r\nCatania\r\n$7\r\n56.4413\r\n:3479447370796909\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n*4\r\n$7\r\nPalermo\r\n$8\r\n190.4424\r\n:3479099956230698\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n*2\r\n*2\r\n$7\r\nPalermo\r\n*2\r\n,13.36138933897018433\r\n,38.11555639549629859\r\n*2\r\n$7\r\nCatania\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n',
  ],
];
