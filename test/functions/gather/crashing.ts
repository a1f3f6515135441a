/**
 * A process that dies at its n-th call to the outside: `before` the call is made, or `after` it was (its answer is lost). From
 * then on every call fails, as for a process that is gone; what is in the database and on the server stays.
 */
import type { TravelerSource } from '#adapters/traveler/source';
import type { GatherDependencies } from '#functions/gather/dependencies';

export class Killed extends Error {}

export type Death = { at: number; when: 'before' | 'after' };
export type Killable = { dependencies: GatherDependencies; calls(): number };

export function killable(deps: GatherDependencies, death: Death | null): Killable {
  let calls = 0;
  let dead = false;

  /** Wraps every function of a record that returns a promise. */
  function guarded<T extends object>(part: T): T {
    return new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        // What only configures the client, without a call, is no place to die.
        if (typeof value !== 'function' || name === 'limitTo') return value;
        return (...given: unknown[]) => {
          const call = () => Reflect.apply(value, target, given);
          return name === 'pages' ? pages(call() as ReturnType<TravelerSource['pages']>) : attempt(call);
        };
      },
    });
  }

  async function attempt(call: () => unknown): Promise<unknown> {
    if (dead) throw new Killed();
    const fatal = death !== null && ++calls === death.at;
    if (death === null) calls++;
    if (fatal) dead = true;
    if (fatal && death.when === 'before') throw new Killed();
    const answer = await call();
    if (dead) throw new Killed();
    return answer;
  }

  async function* pages(all: ReturnType<TravelerSource['pages']>): ReturnType<TravelerSource['pages']> & AsyncGenerator {
    for await (const page of all) {
      await attempt(() => undefined);
      yield page;
    }
  }

  const { leases, slots, runs, sources, manifests, devices, settings, gathers, evaluations, connect } = deps;
  return {
    calls: () => calls,
    dependencies: {
      ...deps,
      ...{
        leases: guarded(leases),
        slots: guarded(slots),
        runs: guarded(runs),
        sources: guarded(sources),
        manifests: guarded(manifests),
      },
      ...{ devices: guarded(devices), settings: guarded(settings), gathers: guarded(gathers) },
      ...{ evaluations: guarded(evaluations), connect: (source) => guarded(connect(source)) },
    },
  };
}
