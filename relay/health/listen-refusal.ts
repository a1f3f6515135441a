/** Why the health endpoint cannot listen, and what to do: only EADDRINUSE means that the port is in use. Pure. */
import { errorCode } from '../error-code.ts';
import { RelayRefusal } from '../refusal.ts';

const another = 'Set health.port in relay.json to another one, or to 0 for any.';

export function listenRefusal(port: number, cause: unknown): RelayRefusal {
  const code = errorCode(cause);
  const { what, remedy } = known[code] ?? {
    what: `cannot be opened (${code})`,
    remedy: `Look up ${code} for this system; what is listening and what is limited is shown by: ss -ltn, ulimit -a. ${another}`,
  };
  return new RelayRefusal(`Port ${port} for the health endpoint ${what}.`, remedy, { cause });
}

const known: Record<string, { what: string; remedy: string }> = {
  EADDRINUSE: { what: 'is not free', remedy: another },
  EACCES: {
    what: 'may not be opened by this account (EACCES)',
    remedy:
      'Set health.port in relay.json to one above 1023, or to 0 for any; on Windows see also: netsh int ipv4 show excludedportrange tcp',
  },
  EADDRNOTAVAIL: {
    what: 'cannot be opened, because this machine has no address 127.0.0.1 (EADDRNOTAVAIL)',
    remedy: 'Bring the loopback interface up (ip link set lo up).',
  },
  EMFILE: {
    what: 'cannot be opened, because the relay has too many files open (EMFILE)',
    remedy: 'Raise the limit of open files for its account (LimitNOFILE of the service).',
  },
};
