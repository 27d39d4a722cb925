import type { ReplyWriter } from '@weir/resp';

/** DEBUG PROTOCOL: a reply of every kind, for the tests of clients. False: no such kind. */
export function replySample(reply: ReplyWriter, kind: string): boolean {
  const sample = SAMPLES[kind];
  if (sample === undefined) return false;
  sample(reply);
  return true;
}

export const SAMPLE_KINDS = 'string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false';

const ATTRIBUTE = Buffer.from('|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n');

const SAMPLES: Readonly<Record<string, ((reply: ReplyWriter) => void) | undefined>> = {
  string: (reply) => reply.bulkLatin1('Hello World'),
  integer: (reply) => reply.int(12345),
  double: (reply) => reply.double(3.141),
  bignum: (reply) => reply.bigNumber('1234567999999999999999999999999999999'),
  null: (reply) => reply.nil(),
  array(reply) {
    reply.array(3);
    for (let i = 0; i < 3; i++) reply.int(i);
  },
  set(reply) {
    reply.set(3);
    for (let i = 0; i < 3; i++) reply.int(i);
  },
  map(reply) {
    reply.map(3);
    for (let i = 0; i < 3; i++) {
      reply.int(i);
      reply.bool(i === 1);
    }
  },
  attrib(reply) {
    if (reply.resp === 3) reply.raw(ATTRIBUTE);
    reply.bulkLatin1('Some real reply following the attribute');
  },
  push(reply) {
    if (reply.resp === 2) return reply.error('ERR RESP2 is not supported by this command');
    reply.push(2);
    reply.bulkLatin1('server-cpu-usage');
    reply.int(42);
    reply.bulkLatin1('Some real reply following the push reply');
  },
  verbatim: (reply) => reply.verbatim('txt', 'This is a verbatim\nstring'),
  true: (reply) => reply.bool(true),
  false: (reply) => reply.bool(false),
};
