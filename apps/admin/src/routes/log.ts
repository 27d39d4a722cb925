import { Type } from '@fastify/type-provider-typebox';
import { HEADER_BYTES, RecordHeader, RecordKind, checksumHex, decodeHeader, decodeLeadership } from '@weir/log';
import type { LogStore } from '@weir/log';
import { decodeCommands } from '../decode.ts';
import { Problem } from '../problems.ts';
import { CommandBody, LogBody, Seq, problems } from '../schemas.ts';
import type { App, Services } from '../server.ts';

/** A record cut into fragments is put together up to this size. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
const KINDS: Readonly<Record<number, 'data' | 'leadership' | 'noop' | 'heartbeat' | 'handover'>> = {
  [RecordKind.data]: 'data',
  [RecordKind.leadership]: 'leadership',
  [RecordKind.noop]: 'noop',
  [RecordKind.heartbeat]: 'heartbeat',
  [RecordKind.handover]: 'handover',
};

const Leader = Type.Object({
  node: Type.Optional(Type.String()),
  ip: Type.Optional(Type.String()),
  port: Type.Optional(Type.Integer()),
});

const RecordBody = Type.Object({
  seq: Seq,
  kind: Type.Enum(['data', 'leadership', 'noop', 'heartbeat', 'handover']),
  epoch: Type.Integer(),
  offset: Type.Integer(),
  storedMs: Type.Number({ description: 'Milliseconds since 1970, by NATS' }),
  engineVersion: Type.Integer(),
  writer: Type.String(),
  checksum: Type.String(),
  previousChecksum: Type.String(),
  messageBytes: Type.Integer(),
  fragment: Type.Object({ index: Type.Integer(), count: Type.Integer(), recordBytes: Type.Integer() }),
  commandCount: Type.Integer({ description: 'Of the whole record' }),
  commandsOmitted: Type.Integer(),
  commands: Type.Array(CommandBody),
  leader: Type.Optional(Leader),
});

export function logRoutes(api: App, { source }: Services): void {
  api.get(
    '/log',
    {
      config: { access: 'read' },
      schema: {
        tags: ['log'],
        summary: 'What the log holds, who leads its stream and how far it was trimmed',
        response: {
          200: Type.Object({
            logId: Type.String(),
            ...LogBody.properties,
            trimmedThrough: Type.Integer({ description: 'Everything up to this sequence was trimmed; 0: nothing' }),
            snapshotSeq: Type.Union([Seq, Type.Null()], { description: 'Of the newest usable snapshot' }),
            messagesSinceSnapshot: Type.Integer(),
          }),
          ...problems,
        },
      },
    },
    async () => {
      const { logId, log, snapshots } = source.need();
      const description = await log.describe();
      const newest = await snapshots.newestUsable().catch(() => null);
      return {
        logId,
        ...description,
        trimmedThrough: description.firstSeq - 1,
        snapshotSeq: newest?.seq ?? null,
        messagesSinceSnapshot: Math.max(0, description.lastSeq - (newest?.seq ?? 0)),
      };
    },
  );

  api.get(
    '/log/records/:seq',
    {
      config: { access: 'read' },
      schema: {
        tags: ['log'],
        summary: 'One message of the log, checked and decoded',
        params: Type.Object({ seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) }),
        querystring: Type.Object({
          commands: Type.Integer({ minimum: 0, maximum: 1000, default: 100, description: 'Commands that are shown' }),
          'value-bytes': Type.Integer({ minimum: 0, maximum: 65536, default: 256, description: 'Of one argument' }),
        }),
        response: { 200: RecordBody, ...problems },
      },
    },
    async (request) => {
      const { seq } = request.params;
      const { commands: commandsMax, 'value-bytes': valueBytesMax } = request.query;
      const { log } = source.need();
      const stored = await log.readStored(seq);
      if (stored === null) {
        const { firstSeq, lastSeq } = await log.state();
        if (seq < firstSeq) throw new Problem('log-trimmed', `the log begins at ${firstSeq}`, { firstSeq, lastSeq });
        throw new Problem('no-such-record', `the log ends at ${lastSeq}`, { firstSeq, lastSeq });
      }
      const { message, storedMs } = stored;
      const h = new RecordHeader();
      decodeHeader(message, h);
      const commands = [];
      let omitted = 0;
      if (h.kind === RecordKind.data && commandsMax > 0) {
        const payload = h.fragmentCount === 1 ? message.subarray(HEADER_BYTES) : await wholeRecord(log, seq, h);
        for (const command of decodeCommands(payload, { valueBytesMax, argsMax: 100 })) {
          if (commands.length < commandsMax) commands.push({ ...command, args: [...command.args] });
          else omitted++;
        }
      } else omitted = h.commandCount;
      return {
        seq,
        kind: KINDS[h.kind] ?? 'noop',
        epoch: h.epoch,
        offset: h.offset,
        storedMs,
        engineVersion: h.engineVersion,
        writer: Buffer.from(h.writer).toString('hex'),
        checksum: checksumHex(h.checksumHi, h.checksumLo),
        previousChecksum: checksumHex(h.previousHi, h.previousLo),
        messageBytes: message.length,
        fragment: { index: h.fragmentIndex, count: h.fragmentCount, recordBytes: h.recordLength },
        commandCount: h.commandCount,
        commandsOmitted: omitted,
        commands,
        ...(h.kind === RecordKind.leadership ? { leader: decodeLeadership(message.subarray(HEADER_BYTES)) } : {}),
      };
    },
  );
}

/** The payload of the record that this fragment is of. */
async function wholeRecord(
  log: LogStore,
  seq: number,
  { fragmentIndex, recordLength }: RecordHeader,
): Promise<Uint8Array> {
  if (recordLength > RECORD_BYTES_MAX) {
    throw new Problem(
      'too-large',
      `the record has ${recordLength} bytes, up to ${RECORD_BYTES_MAX} are decoded; ask for commands=0`,
    );
  }
  const whole = new Uint8Array(recordLength);
  const h = new RecordHeader();
  let filled = 0;
  for (let at = seq - fragmentIndex; filled < recordLength; at++) {
    const message = await log.read(at);
    if (message === null)
      throw new Problem('log-trimmed', `fragment ${at} of the record is not stored: ask for commands=0`);
    decodeHeader(message, h);
    // Its writer died in between: the record counts nothing.
    if (h.fragmentStart !== filled || h.recordLength !== recordLength) {
      throw new Problem(
        'no-such-record',
        `the record is not complete, message ${at} is of another one; ask for commands=0`,
      );
    }
    whole.set(message.subarray(HEADER_BYTES), filled);
    filled += message.length - HEADER_BYTES;
  }
  return whole;
}
