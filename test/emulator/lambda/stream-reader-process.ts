/** Reads the test stream in a separate process, to be killed: prints the keys of each batch and waits before it answers. */
import { setTimeout } from 'node:timers/promises';
import { startStreamMapping } from '#infra/emulator/lambda/stream-mapping';
import { aReader, keysOf, streaming } from './streams.ts';

const [endpoint = '', dataDir = ''] = process.argv.slice(2);
startStreamMapping(streaming({ batchSize: 3 }), {
  ...aReader(endpoint, dataDir),
  async invoke(_, event) {
    console.log(keysOf(event).join(' '));
    await setTimeout(20);
    return null;
  },
});
