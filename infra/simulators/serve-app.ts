/** A simulated service on 127.0.0.1. */
import { createAdaptorServer } from '@hono/node-server';
import { close, listen } from '#infra/emulator/listen';

type App = { fetch: Parameters<typeof createAdaptorServer>[0]['fetch'] };

/** Resolves when it listens; `port` 0: any free one. Throws StartError if the port cannot be used. */
export async function serveApp(app: App, port: number): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createAdaptorServer({ fetch: app.fetch });
  const opened = await listen(server, port);
  return { url: `http://127.0.0.1:${opened}`, stop: () => close(server) };
}
