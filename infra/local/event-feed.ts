/** Polls the running product's API and shows events of interest to people, one line each. */
import { type ApiClient, ApiRefusal } from '../cli/api-client.ts';
import { type Device, devicePage, deviceWithTimeline, type Run, type SourceStatus, status } from '../cli/api-shapes.ts';
import { seconds } from '../cli/format-answers.ts';
import type { Terminal } from '../cli/terminal.ts';

export type EventFeedOptions = { api: ApiClient; screen: Pick<Terminal, 'event' | 'problem'>; everyMs?: number };

/** What was last shown of a source, so that only changes are shown. */
type Shown = { runId: string | null; at: number; problem: string | null; inForce: boolean };
type State = {
  options: EventFeedOptions;
  sources: Map<string, Shown>;
  /** Devices that wait for approval, by key; null before the first poll. */
  held: Map<string, Device> | null;
};
const unchangedGatherEveryMs = 60_000;
const heldShown = 200;
const keyOf = ({ sourceId, user, deviceId }: Device) => [sourceId, user, deviceId].map(encodeURIComponent).join('/');

export function followEvents(options: EventFeedOptions): { stop(): void } {
  const { api, screen, everyMs = 2000 } = options;
  const state: State = { options, sources: new Map(), held: null };
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  /** Never rejects. */
  async function poll(): Promise<void> {
    try {
      const { sources } = await api.get('/status', status);
      for (const source of sources) showSource(state, source);
      state.held = await showHeld(state);
    } catch (error) {
      if (!stopped) screen.problem(`the API: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (!stopped) timer = setTimeout(poll, everyMs);
  }

  void poll();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

function showSource({ sources, options: { screen } }: State, source: SourceStatus): void {
  const before = sources.get(source.sourceId) ?? { runId: null, at: 0, problem: null, inForce: false };
  const problem = source.problem?.what ?? null;
  const gather = textOfGather(source.lastGather, before);
  if (gather) screen.event(`${source.sourceId}: ${gather}`);
  if (source.problem && problem !== before.problem)
    screen.problem(`${source.sourceId}: ${source.problem.what} (${source.problem.where}). ${source.problem.remedy}`);
  if (source.aq.inForce && !before.inForce) screen.event(`${source.sourceId}: Auto-Quarantine is in force`);
  const at = gather ? Date.now() : before.at;
  sources.set(source.sourceId, { runId: source.lastGather?.runId ?? null, at, problem, inForce: source.aq.inForce });
}

/** Returns the devices to compare with next time. */
async function showHeld(state: State): Promise<Map<string, Device>> {
  const { held, options } = state;
  const page = await options.api.get(`/devices?verdict=hold&limit=${heldShown}`, devicePage);
  const now = new Map(page.devices.map((device) => [keyOf(device), device]));
  if (held === null) {
    if (now.size > 0) options.screen.event(`${now.size}${page.cursor ? ' and more' : ''} devices wait for approval`);
    return now;
  }
  for (const [key, device] of now) if (!held.has(key)) options.screen.event(`held: ${nameOf(device)}: ${device.evidence ?? ''}`);
  // If more are held than fit one page, a missing device may only have moved to another page.
  const left = page.cursor ? [] : [...held].filter(([key]) => !now.has(key));
  for (const [key, device] of left) if (!(await showReleased(options, key))) now.set(key, device);
  return now;
}

/** False while the decision has not been carried out on the server. */
async function showReleased({ api, screen }: EventFeedOptions, key: string): Promise<boolean> {
  const device = await api.get(`/devices/${key}`, deviceWithTimeline).catch((error: unknown) => {
    if (error instanceof ApiRefusal && error.status === 404) return null;
    throw error;
  });
  if (!device) return true;
  if (device.verdict === 'approve' && device.approval === 'pending') return false;
  screen.event(`${device.verdict === 'approve' ? 'approved' : 'no longer held'}: ${nameOf(device)}: ${device.evidence ?? ''}`);
  return true;
}

const nameOf = ({ user, client, deviceId }: Device) => `${user}, ${client} ${deviceId}`;

function textOfGather(run: Run | null, before: Shown): string | null {
  if (!run || run.runId === before.runId || run.state === 'queued' || run.state === 'running') return null;
  const { added, changed, removed, devices } = run.counts;
  const changes = [added && `${added} new`, changed && `${changed} changed`, removed && `${removed} removed`].filter(Boolean);
  if (run.state === 'completed' && changes.length === 0 && Date.now() - before.at < unchangedGatherEveryMs) return null;
  if (run.state === 'failed') return `gather failed${run.problem ? `: ${run.problem.what}` : ''}`;
  const took = run.startedAt && run.finishedAt ? ` in ${seconds(Date.parse(run.finishedAt) - Date.parse(run.startedAt))}` : '';
  return `gather completed: ${devices} devices${took}${changes.length > 0 ? ` (${changes.join(', ')})` : ''}`;
}
