/** The services of the test model in a separate process: prints its endpoint when everything answers. */
import { startStack } from './stack.ts';

const { endpoint } = await startStack(process.argv[2] ?? '');
console.log(endpoint);
