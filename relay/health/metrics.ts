/** The relay's metrics, in Prometheus format. Labels never contain names of users or devices. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';

const counters = {
  relay_messages_sent_total: 'Messages sent to the cloud, by type.',
  relay_messages_received_total: 'Messages received from the cloud, by type.',
  relay_messages_sent_again_total: 'Messages sent again because no acknowledgement had come.',
  relay_messages_duplicate_total: 'Messages that came again and were dropped.',
  relay_messages_unknown_total: 'Messages of a type that this relay does not know; ignored.',
  relay_messages_malformed_total: 'Messages that could not be read; ignored.',
  relay_connections_total: 'Connections that were welcomed.',
  relay_disconnections_total: 'Connections that ended, and tries that failed, by reason.',
  relay_hand_overs_total: 'Planned changes to a new connection.',
  relay_work_failed_total: 'Commands that ended in an unexpected error, by type.',
} as const;
export type CounterName = keyof typeof counters;

const labels: Partial<Record<CounterName, readonly string[]>> = {
  relay_messages_sent_total: ['type'],
  relay_messages_received_total: ['type'],
  relay_disconnections_total: ['reason'],
  relay_work_failed_total: ['type'],
};

export type Metrics = {
  count(name: CounterName, labels?: Record<string, string>): void;
  /** `read` is called on each request to /metrics. */
  gauge(name: `relay_${string}`, help: string, read: () => number): void;
  text(): Promise<string>;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'relay_' });
  const made = new Map(
    Object.entries(counters).map(([name, help]) => {
      const labelNames = Object.entries(labels).find(([of]) => of === name)?.[1] ?? [];
      return [name, new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })];
    }),
  );
  return {
    count: (name, given = {}) => made.get(name)?.inc(given, 1),
    gauge(name, help, read) {
      new Gauge({
        name,
        help,
        registers: [registry],
        collect() {
          this.set(read());
        },
      });
    },
    text: () => registry.metrics(),
  };
}
