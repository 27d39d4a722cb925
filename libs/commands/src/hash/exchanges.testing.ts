// Recorded from redis-server 7.0.15, an empty data set for each line.

import type { Exchange } from '../transcript.testing.ts';

export const HASH_EXCHANGES: readonly Exchange[] = [
  // HSET and its kind
  [
    'hset h f v ; hget h f ; hset h f w ; hset h f x g y ; hlen h ; object encoding h',
    ':1\r\n$1\r\nv\r\n:0\r\n:1\r\n:2\r\n$8\r\nlistpack\r\n',
  ],
  ['hset h f', "-ERR wrong number of arguments for 'hset' command\r\n"],
  ['hset h f v g', "-ERR wrong number of arguments for 'hset' command\r\n"],
  ['hmset h f v g', "-ERR wrong number of arguments for 'hmset' command\r\n"],
  [
    'HMSET h f v g w ; hmget h f nosuch g ; hmset h f',
    "+OK\r\n*3\r\n$1\r\nv\r\n$-1\r\n$1\r\nw\r\n-ERR wrong number of arguments for 'hmset' command\r\n",
  ],
  ['hset k "" "" ; hget k "" ; hstrlen k "" ; hexists k ""', ':1\r\n$0\r\n\r\n:0\r\n:1\r\n'],
  ['hset h a 1 a 2 a 3 ; hgetall h', ':1\r\n*2\r\n$1\r\na\r\n$1\r\n3\r\n'],
  ['hsetnx h f v ; hsetnx h f w ; hget h f ; hsetnx h g 1 ; hlen h', ':1\r\n:0\r\n$1\r\nv\r\n:1\r\n:2\r\n'],
  [
    'set s v ; hset s f v ; hget s f ; hmget s f ; hgetall s ; hkeys s ; hvals s ; hlen s ; hstrlen s f ; hexists s f ; hdel s f ; hincrby s f 1 ; hincrbyfloat s f 1 ; hrandfield s ; hrandfield s 1 ; hscan s 0 ; hsetnx s f v ; hmset s f v',
    '+OK\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n',
  ],
  [
    'hget h f ; hmget h a b ; hgetall h ; hkeys h ; hvals h ; hlen h ; hstrlen h f ; hexists h f ; hdel h f g ; hrandfield h ; hrandfield h 3 ; hrandfield h -3 withvalues ; hscan h 0 ; exists h',
    '$-1\r\n*2\r\n$-1\r\n$-1\r\n*0\r\n*0\r\n*0\r\n:0\r\n:0\r\n:0\r\n:0\r\n$-1\r\n*0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n:0\r\n',
  ],
  [
    'hset h f v g w ; hkeys h ; hvals h ; hgetall h ; hexists h f ; hexists h x ; hstrlen h f ; hstrlen h x',
    ':2\r\n*2\r\n$1\r\nf\r\n$1\r\ng\r\n*2\r\n$1\r\nv\r\n$1\r\nw\r\n*4\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\ng\r\n$1\r\nw\r\n:1\r\n:0\r\n:1\r\n:0\r\n',
  ],
  [
    'hset h f 0 g -5 i 007 j 9223372036854775807 k 9223372036854775808 ; hgetall h ; hstrlen h j ; hstrlen h k',
    ':5\r\n*10\r\n$1\r\nf\r\n$1\r\n0\r\n$1\r\ng\r\n$2\r\n-5\r\n$1\r\ni\r\n$3\r\n007\r\n$1\r\nj\r\n$19\r\n9223372036854775807\r\n$1\r\nk\r\n$19\r\n9223372036854775808\r\n:19\r\n:19\r\n',
  ],
  [
    'hset h 12345 a 012345 b ; hget h 12345 ; hget h 012345 ; hdel h 12345 ; hget h 012345',
    ':2\r\n$1\r\na\r\n$1\r\nb\r\n:1\r\n$1\r\nb\r\n',
  ],
  // HDEL
  [
    'hset h a 1 b 2 c 3 ; hdel h a x b ; hlen h ; hdel h c c c ; exists h ; hdel h c',
    ':3\r\n:2\r\n:1\r\n:1\r\n:0\r\n:0\r\n',
  ],
  ['hset h a 1 ; hdel h', ":1\r\n-ERR wrong number of arguments for 'hdel' command\r\n"],
  ['hset h a 1 ; hdel h a a ; type h', ':1\r\n:1\r\n+none\r\n'],
  // counters
  [
    'hincrby h f 5 ; hincrby h f -7 ; hget h f ; hincrby h f x ; hincrby h f 1.5 ; hincrby h f ""',
    ':5\r\n:-2\r\n$2\r\n-2\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'hset h f 9223372036854775806 ; hincrby h f 1 ; hincrby h f 1 ; hget h f',
    ':1\r\n:9223372036854775807\r\n-ERR increment or decrement would overflow\r\n$19\r\n9223372036854775807\r\n',
  ],
  [
    'hset h f -9223372036854775807 ; hincrby h f -1 ; hincrby h f -1 ; hget h f',
    ':1\r\n:-9223372036854775808\r\n-ERR increment or decrement would overflow\r\n$20\r\n-9223372036854775808\r\n',
  ],
  [
    'hset h f 9007199254740992 ; hincrby h f 1 ; hincrby h f 9007199254740992 ; hincrby h f -9223372036854775808',
    ':1\r\n:9007199254740993\r\n:18014398509481985\r\n:-9205357638345293823\r\n',
  ],
  [
    'hset h f 9223372036854775807 ; hincrby h f -9223372036854775808 ; hincrby h f 9223372036854775807',
    ':1\r\n:-1\r\n:9223372036854775806\r\n',
  ],
  [
    'hset h f x g " 1" i "" j 01 ; hincrby h f 1 ; hincrby h g 1 ; hincrby h i 1 ; hincrby h j 1',
    ':4\r\n-ERR hash value is not an integer\r\n-ERR hash value is not an integer\r\n-ERR hash value is not an integer\r\n-ERR hash value is not an integer\r\n',
  ],
  ['hincrby h f 9223372036854775808', '-ERR value is not an integer or out of range\r\n'],
  ['hincrby h f ; exists h', "-ERR wrong number of arguments for 'hincrby' command\r\n:0\r\n"],
  ['hincrby h f x ; exists h', '-ERR value is not an integer or out of range\r\n:0\r\n'],
  [
    'hincrbyfloat h f 1.5 ; hincrbyfloat h f 0.1 ; hincrbyfloat h f -1.6 ; hget h f',
    '$3\r\n1.5\r\n$3\r\n1.6\r\n$1\r\n0\r\n$1\r\n0\r\n',
  ],
  [
    'hincrbyfloat h f 3.0e3 ; hincrbyfloat h f 1e-20 ; hincrbyfloat h f -5000',
    '$4\r\n3000\r\n$4\r\n3000\r\n$5\r\n-2000\r\n',
  ],
  [
    'hincrbyfloat h f inf ; hincrbyfloat h f nan ; hincrbyfloat h f x ; exists h',
    '-ERR value is NaN or Infinity\r\n-ERR value is not a valid float\r\n-ERR value is not a valid float\r\n:0\r\n',
  ],
  [
    'hset h f inf g x i "" j " 1" ; hincrbyfloat h f 1 ; hincrbyfloat h g 1 ; hincrbyfloat h i 1 ; hincrbyfloat h j 1',
    ':4\r\n-ERR increment would produce NaN or Infinity\r\n-ERR hash value is not a float\r\n-ERR hash value is not a float\r\n-ERR hash value is not a float\r\n',
  ],
  [
    'hset h f 9223372036854775807 ; hincrbyfloat h f 1 ; hincrby h f 1',
    ':1\r\n$19\r\n9223372036854775808\r\n-ERR hash value is not an integer\r\n',
  ],
  [
    'hincrbyfloat h f 1e4000 ; hstrlen h f ; object encoding h',
    '$4000\r\n9999999999999999999965463873099623784932492583506957631301508333043261943306342355481821641865509279862764452073123673540217602217367592344172125881950527999961428582434354754501870958214290741301143014670445026260849443456275333742340822559146220440774502699147116818307775566773571206492036312963397368761826079538161612036724681027980418945071857333802019573184376407974737742100582963439581302474746605828071068162266095350249109360981931695942123253872362355720717867859931997116967823535175344886417435948827492668424224514931596965124928426557313007272003654181606637829648718026332623445964659599411688673612401217012598120557489288735334437118479345590827013160426634334036145971611294094499267930097645158316924242084444005046275789316854264698962537519604804648202558831813320199082274810678546966662106272497006996186529202046612197927965030663016053612055682060855170989021069998476304668166868798327849305544516958630545705436267868123963090419840720786295093297923233166989307185493468005963513556052273926524815064535863034951177115665985606171666708242756198962303861871354719181381961379671761938984704505073921618907144272449828915839083978037993280452559586965504199368256134650271468844247174823646278663567437132739306516943311285144568895817811521270234335023202809923439313537168685792314272771667847310402459453149183490692769538329516243242927105447175974956565949859259880257266623432431660986751258600816348320837727852352371818896648343700947852991058969433541705132345122524048434688325138322933085183721655672137865396358471035067214167360617119527605272354771447437560932908789355181041081978971762346557568230767574027302293460544968752081768656824879994376355163920300385095919688678670907760987187661793434717175760350651419537956103182910121364884637262102263204295329279620360536203761315194554053188934218409316246410738656203852138992492444404026342210499619140876855921277988778676947892152806854950785068014727125536739702656962611964401436187934885803420611286745134838665415365691409110464038694668899344879845822942763373039719688602810444439928037135468898274565353630059446256169978689065593420848456038274366567225299549352683650770160551908116011723880315176381390821744087191159014840466408422036463264182928434780181167746977398743042449413105215463884123801578726746967721334558724520471115335862516435283282393832140500259762370795907195418122260308331006030210104962511689458912869480521025430134047382228141350554394390210188326863538753083190329578149617392735325345607293804019789613107204439729055324106921126322671020066709317012835936925695594694910121291991133040352454029415895421330627924576068200470892536792435143079137382774440346196002593999683669353176553680054317921648423581639781664231716459539510456753265337998256664529200852939049468855419289097785303294946449752258791882954794558753338748235175173730073178466259683916437044889075282877916869627991289792183586849679291189074136405526988632104737613205959150473631599616592564842952439858033179702368199753306698362201401506479407699236396521519654661597132309737381973903141889548031713181771968965861360007055846791276712592611475612847974647898601585527666227738929689128212619681144409905588974943980927948431950098268346459649230305689978542029932792436486452896735925004194782587516473457624352639480090109507295735020460456725638145957022317397784209033998721254961060890916634094880983552750508881669349308347772834504388303087113341878104141612215788330206835981183895501665502020020640589210848902416003156361626873160836225566347750269512599746786860171326806831029087653660341164708808802454022881699049392139574016756146192644415820839590797897050551922334947406004738872332042844089285302334417905996381190171610168845316435533461235902086067935935005063001450522174581772443096538389199989128731679326545348278957788061762018807017602515186853205589875909910708079333605047010115738478105476750550150020629864357825543441956972190272729951206648276349901340672\r\n:4000\r\n$9\r\nhashtable\r\n',
  ],
  // HRANDFIELD
  [
    'hset h f v ; hrandfield h ; hrandfield h 1 ; hrandfield h 5 ; hrandfield h -3 ; hrandfield h 0 ; hrandfield h -0',
    ':1\r\n$1\r\nf\r\n*1\r\n$1\r\nf\r\n*1\r\n$1\r\nf\r\n*3\r\n$1\r\nf\r\n$1\r\nf\r\n$1\r\nf\r\n*0\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'hset h f v ; hrandfield h 1 withvalues ; hrandfield h -2 WITHVALUES ; hrandfield h 0 withvalues',
    ':1\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n*4\r\n$1\r\nf\r\n$1\r\nv\r\n$1\r\nf\r\n$1\r\nv\r\n*0\r\n',
  ],
  [
    'hset h a 1 b 2 c 3 ; hrandfield h 3 ; hrandfield h 9 withvalues',
    ':3\r\n*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n*6\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n$1\r\nc\r\n$1\r\n3\r\n',
  ],
  [
    'hset h f v ; hrandfield h x ; hrandfield h 1 foo ; hrandfield h 1 withvalues x ; hrandfield h 9223372036854775808',
    ':1\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n',
  ],
  [
    'hset h f v ; hrandfield h -9223372036854775808 ; hrandfield h 9223372036854775807 ; hrandfield h 9223372036854775807 withvalues ; hrandfield h 4611686018427387903 withvalues ; hrandfield h 4611686018427387904 withvalues ; hrandfield h -4611686018427387904 withvalues',
    ':1\r\n-ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807\r\n*1\r\n$1\r\nf\r\n-ERR value is out of range\r\n*2\r\n$1\r\nf\r\n$1\r\nv\r\n-ERR value is out of range\r\n-ERR value is out of range\r\n',
  ],
  [
    'hrandfield nosuch x ; hrandfield nosuch 1 foo',
    '-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n',
  ],
  // HSCAN
  [
    'hset h a 1 b 2 ; hscan h 0 ; hscan h 0 match a* ; hscan h 0 count 1 ; hscan h 7 ; hscan h 0 match * count 100',
    ':2\r\n*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n*2\r\n$1\r\n0\r\n*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n',
  ],
  [
    'hset h a 1 ; hscan h x ; hscan h -1 ; hscan h 0 match ; hscan h 0 count 0 ; hscan h 0 count x ; hscan h 0 type hash ; hscan h 0 novalues',
    ':1\r\n-ERR invalid cursor\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR value is not an integer or out of range\r\n-ERR syntax error\r\n-ERR syntax error\r\n',
  ],
  [
    'hscan nosuch x ; hscan nosuch 0 foo ; hscan nosuch 5',
    '-ERR invalid cursor\r\n*2\r\n$1\r\n0\r\n*0\r\n*2\r\n$1\r\n0\r\n*0\r\n',
  ],
  // encodings
  [
    'config set hash-max-listpack-entries 2 ; hset h a 1 b 2 ; object encoding h ; hset h c 3 ; object encoding h ; hdel h c ; object encoding h ; config set hash-max-listpack-entries 512',
    '+OK\r\n:2\r\n$8\r\nlistpack\r\n:1\r\n$9\r\nhashtable\r\n:1\r\n$9\r\nhashtable\r\n+OK\r\n',
  ],
  [
    'config set hash-max-listpack-value 4 ; hset h a 1234 ; object encoding h ; hset h a 12345 ; object encoding h ; hset g abcde 1 ; object encoding g ; config set hash-max-listpack-value 64',
    '+OK\r\n:1\r\n$8\r\nlistpack\r\n:0\r\n$9\r\nhashtable\r\n:1\r\n$9\r\nhashtable\r\n+OK\r\n',
  ],
  [
    'config set hash-max-listpack-value 4 ; hincrby h a 12345 ; object encoding h ; hsetnx g a 12345 ; object encoding g ; hincrbyfloat i a 1.25 ; hincrbyfloat i a 0.001 ; object encoding i ; config set hash-max-listpack-value 64',
    '+OK\r\n:12345\r\n$9\r\nhashtable\r\n:1\r\n$9\r\nhashtable\r\n$4\r\n1.25\r\n$5\r\n1.251\r\n$9\r\nhashtable\r\n+OK\r\n',
  ],
  [
    'hset h a 1 b 2 ; config set hash-max-listpack-entries 1 ; hset h a 3 ; object encoding h ; config set hash-max-listpack-entries 512',
    ':2\r\n+OK\r\n:0\r\n$9\r\nhashtable\r\n+OK\r\n',
  ],
  [
    'hset h a 1 b 2 c "" ; debug digest-value h ; debug digest ; copy h g ; debug digest-value g ; hset g a 2 ; hget h a',
    ':3\r\n*1\r\n+47c326e16ab608d7f5261c75c966e7d5f19cd337\r\n+40d687c9b302737bf2e20a6a48d2463e380f72a2\r\n:1\r\n*1\r\n+47c326e16ab608d7f5261c75c966e7d5f19cd337\r\n:0\r\n$1\r\n1\r\n',
  ],
  [
    'config set hash-max-listpack-entries 0 ; hset h a 1 b 2 c "" ; debug digest-value h ; debug digest ; object encoding h ; config set hash-max-listpack-entries 512',
    '+OK\r\n:3\r\n*1\r\n+47c326e16ab608d7f5261c75c966e7d5f19cd337\r\n+40d687c9b302737bf2e20a6a48d2463e380f72a2\r\n$9\r\nhashtable\r\n+OK\r\n',
  ],
];

export const HASH_EXCHANGES_RESP3: readonly Exchange[] = [
  [
    'hset h a 1 b 2 ; hgetall h ; hgetall nosuch ; hkeys h ; hkeys nosuch ; hvals h ; hget h x ; hmget h a x ; hrandfield nosuch',
    ':2\r\n%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n%0\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n*0\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n_\r\n*2\r\n$1\r\n1\r\n_\r\n_\r\n',
  ],
  [
    'hset h a 1 ; hrandfield h 2 withvalues ; hrandfield h -2 withvalues ; hrandfield h 1 ; hrandfield nosuch 2 withvalues',
    ':1\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n*0\r\n',
  ],
  [
    'hset h a 1 ; hscan h 0 ; hscan nosuch 0 ; hincrbyfloat h a 1.5 ; hset s x y ; hstrlen s x',
    ':1\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\n0\r\n*0\r\n$3\r\n2.5\r\n:1\r\n:1\r\n',
  ],
  [
    'config set hash-max-listpack-entries 0 ; hset h a 1 ; hgetall h ; hrandfield h -2 withvalues ; hscan h 0 ; config set hash-max-listpack-entries 512',
    '+OK\r\n:1\r\n%1\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n*2\r\n$1\r\n0\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n+OK\r\n',
  ],
];
