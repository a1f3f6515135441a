/** docs/events.md and docs/events/*.schema.json: the events out, from their schemas. */
import { z } from 'zod';
import { type EventOutName, eventsOf, eventsOut } from '#domain/outbound/events-out';
import { exampleLines } from './event-examples.ts';

const names = Object.keys(eventsOut) as EventOutName[];

/** The event as put on the bus, without what EventBridge adds. */
export function exampleOf(name: EventOutName) {
  const [event] = eventsOf(exampleLines[name]);
  if (event?.type !== name) throw new Error(`The example of ${name} becomes ${event?.type ?? 'no event'}`);
  return { source: 'extender', 'detail-type': name, detail: event.detail };
}

/** By file. */
export function eventSchemas(): Record<string, () => string> {
  return Object.fromEntries(
    names.map((name) => [
      `docs/events/${name}.schema.json`,
      () => {
        const schema = z.toJSONSchema(eventsOut[name], { io: 'input', target: 'draft-2020-12' });
        return `${JSON.stringify({ title: `Detail of ${name}`, ...schema, examples: [exampleOf(name).detail] }, null, 2)}\n`;
      },
    ]),
  );
}

export function eventsPage(): string {
  return [
    '<!-- Generated from lambdas/domain/outbound/events-out.ts by `npm run docs`. Edit that file, not this page. -->',
    '# Events out',
    '',
    'On the bus of the deployment, source `extender`. Each is delivered at least once and has an `eventId` that stays the same; events',
    'of one device are sent in the order in which things happened (EventBridge itself keeps none). An event is sent because a line was',
    'written to the journal, in the same transaction as the change that it describes: no event without a change, and none is lost.',
    'Each schema is of the `detail`. Fields may be added; ignore those you do not know. Terms: [glossary](glossary.md).',
    '',
    '```json',
    '{ "source": ["extender"], "detail-type": ["DeviceQuarantined", "DeviceReleased"] }',
    '```',
    '',
    'is the pattern of a rule for two of them. Events to the extender are described with the [portal](portal.md#events-in); one that is rejected',
    'is reported as `EventRejected`.',
    '',
    ...names.flatMap((name) => [
      `## ${name}`,
      '',
      `${eventsOut[name].meta()?.description ?? ''} [Schema](events/${name}.schema.json)`,
      '',
      '```json',
      JSON.stringify(exampleOf(name), null, 2),
      '```',
      '',
    ]),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
