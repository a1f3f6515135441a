/** The least that a relay could be: a process at the other end of a socket that echoes what it receives. */
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';

export const echoProgram = fileURLToPath(import.meta.url);

if (process.argv[1] === echoProgram) {
  const socket = new WebSocket(process.argv[2] ?? '');
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('close', () => process.exit());
}
