/**
 * Memory and time-out of each function, and what people notice while it fails. Time-outs of queue-driven functions also set how
 * long a message is hidden before it is redelivered (twice as long), so they are as short as the work allows.
 */
import type { FunctionName } from '#domain/runtime/environment';
import type { QueueName } from './permissions.ts';

export type FunctionSpec = { timeoutSeconds: number; memoryMb: number; breaks: string };
export type QueueSpec = {
  worker: FunctionName;
  fifo: boolean;
  batchSize: number;
  /** Concurrent workers. SQS allows 2 to 1000. */
  maximumConcurrency: number;
  /** Receives before a message is moved to the dead-letter queue. */
  tries: number;
  alarmAfterMinutes: number;
  breaks: string;
};

/** CPU grows with memory: 1769 MB is one full vCPU. */
export const functionSpecs: { [F in FunctionName]: FunctionSpec } = {
  'start-gathers': {
    timeoutSeconds: 30,
    memoryMb: 256,
    breaks: 'Sources are not read on schedule: new devices are not discovered until it runs again.',
  },
  gather: {
    timeoutSeconds: 900,
    memoryMb: 1769,
    breaks: 'Sources are not read: new devices are not discovered and the device list grows old.',
  },
  evaluate: {
    timeoutSeconds: 60,
    memoryMb: 1024,
    breaks: 'Devices get no verdict: those that wait for approval keep waiting.',
  },
  act: {
    timeoutSeconds: 60,
    memoryMb: 512,
    breaks: 'Approvals, blocks, wipes and removals are not carried out on the mail server.',
  },
  'portal-events': {
    timeoutSeconds: 60,
    memoryMb: 1769,
    breaks: 'Enrolments, actions and settings from the portal are not taken in.',
  },
  bulk: {
    timeoutSeconds: 120,
    memoryMb: 512,
    breaks: 'Actions that were asked for many at once are not taken in; single ones are.',
  },
  publish: {
    timeoutSeconds: 60,
    memoryMb: 512,
    breaks: 'The portal is not told what happens, and the journal is not sealed; gathers, verdicts and actions go on.',
  },
  // A plan over the whole fleet is computed within one request.
  api: { timeoutSeconds: 29, memoryMb: 1769, breaks: 'The console and the command line get errors; gathers and verdicts go on.' },
  'take-enrolments': {
    timeoutSeconds: 300,
    memoryMb: 1769,
    breaks: 'Whole snapshots of enrolments and confirmed imports are not taken in; single enrolments are.',
  },
  'wake-by-time': {
    timeoutSeconds: 60,
    memoryMb: 256,
    breaks: 'Decisions that end by themselves are noticed late, and so is a portal that has fallen silent.',
  },
  reap: {
    timeoutSeconds: 60,
    memoryMb: 256,
    breaks: 'Actions past their deadline stay open, and one whose message was lost is found late.',
  },
  'sign-in': {
    timeoutSeconds: 20,
    memoryMb: 512,
    breaks: 'Nobody can sign in to the console; who is signed in stays so for an hour.',
  },
  console: { timeoutSeconds: 10, memoryMb: 256, breaks: 'The console page does not load; the API, gathers and verdicts go on.' },
  upload: {
    timeoutSeconds: 300,
    memoryMb: 512,
    breaks: 'The portal’s device list grows old; what it misses is kept and sent once this runs again.',
  },
  notify: {
    timeoutSeconds: 60,
    memoryMb: 512,
    breaks:
      'Nobody is told by mail of devices that are newly held; they show in the console, and are told of once this runs again.',
  },
  'import-enrolments': {
    timeoutSeconds: 900,
    memoryMb: 512,
    breaks: 'Enrolments of MaaS360 are not taken in: after a day nobody is approved by enrolment any more.',
  },
  'relay-authorise': {
    timeoutSeconds: 10,
    memoryMb: 512,
    breaks: 'Relays that lose their connection are not let in again: on-premises sources are neither read nor acted on.',
  },
  'relay-enrol': {
    timeoutSeconds: 10,
    memoryMb: 512,
    breaks: 'No new relay can be enrolled and no key changed; those there are work on.',
  },
  'relay-socket': {
    timeoutSeconds: 29,
    memoryMb: 512,
    breaks: 'What relays send is not taken in: on-premises sources are neither read nor acted on. Relays send it again.',
  },
};

export const queueSpecs: { [Q in QueueName]: QueueSpec } = {
  gather: {
    worker: 'gather',
    fifo: false,
    batchSize: 1,
    maximumConcurrency: 4,
    tries: 3,
    alarmAfterMinutes: 30,
    breaks: functionSpecs.gather.breaks,
  },
  evaluations: {
    worker: 'evaluate',
    fifo: false,
    batchSize: 10,
    maximumConcurrency: 10,
    tries: 5,
    alarmAfterMinutes: 15,
    breaks: functionSpecs.evaluate.breaks,
  },
  bulkEvaluations: {
    worker: 'evaluate',
    fifo: false,
    batchSize: 10,
    maximumConcurrency: 6,
    tries: 5,
    alarmAfterMinutes: 60,
    breaks: 'Devices are not decided anew after many actions or for new settings; new devices and enrolments are.',
  },
  actions: {
    worker: 'act',
    fifo: true,
    batchSize: 10,
    maximumConcurrency: 10,
    tries: 5,
    alarmAfterMinutes: 30,
    breaks: functionSpecs.act.breaks,
  },
  bulkActions: {
    worker: 'act',
    fifo: true,
    batchSize: 10,
    maximumConcurrency: 10,
    tries: 5,
    alarmAfterMinutes: 120,
    breaks: 'Actions that were asked for many at once are not carried out on the mail server; single ones are.',
  },
  portalEvents: {
    worker: 'portal-events',
    fifo: false,
    batchSize: 10,
    maximumConcurrency: 10,
    tries: 5,
    alarmAfterMinutes: 10,
    breaks: functionSpecs['portal-events'].breaks,
  },
  enrolments: {
    worker: 'take-enrolments',
    fifo: true,
    batchSize: 1,
    maximumConcurrency: 2,
    tries: 5,
    alarmAfterMinutes: 30,
    breaks: functionSpecs['take-enrolments'].breaks,
  },
  bulks: {
    worker: 'bulk',
    fifo: true,
    batchSize: 1,
    maximumConcurrency: 4,
    tries: 5,
    alarmAfterMinutes: 30,
    breaks: functionSpecs.bulk.breaks,
  },
};
