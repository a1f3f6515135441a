/** Turns probes of the connection to the cloud into findings. Pure. */
import { statementLifeSeconds } from '#domain/relay/relay-identity';
import { closeCodes } from '#domain/relay/relay-protocol';
import { cures } from '../connection/close-policy.ts';
import { broken, type Finding, healthy, noted } from './finding.ts';
import type { Line } from './probes/egress-route.ts';
import type { Answer, Handshake } from './probes/handshake.ts';
import type { Tunnel } from './probes/proxy-tunnel.ts';
import type { TlsEnd } from './probes/tls-peer.ts';

const whose = ({ proxy }: Line) => (proxy === null ? 'the cloud' : 'the proxy');
const firstHop = (line: Line) => line.proxy ?? line;

export function judgeName(line: Line, found: { addresses: readonly string[] } | { code: string }): Finding {
  const { host } = firstHop(line);
  if ('addresses' in found) return healthy(`${host} is ${found.addresses.join(', ')}`);
  return broken(
    `The name of ${whose(line)}, ${host}, cannot be resolved (${found.code})`,
    line.proxy === null
      ? 'Let the DNS of this machine resolve names outside, or set a proxy in relay.json, which resolves them instead.'
      : `Correct the name of the proxy (${line.proxy.from}), or the DNS of this machine.`,
  );
}

export function judgeReach(line: Line, failed: { reason: string } | null): Finding {
  const { host, port } = firstHop(line);
  if (failed === null) return healthy(`${host}:${port} accepts connections`);
  return broken(
    `${host}:${port}, ${whose(line)}, does not accept a connection (${failed.reason})`,
    line.proxy === null
      ? `Let this machine connect outward to ${host}, port ${port}; or set the proxy that leads out in relay.json.`
      : `See that the proxy runs and that its address is right (${line.proxy.from}).`,
  );
}

export function judgeTunnel({ host, port, proxy }: Line, tunnel: Tunnel): Finding {
  const from = proxy?.from ?? 'proxy';
  if (tunnel.how === 'none') return noted('none is set, or this address is excepted: the relay connects directly');
  if (tunnel.how === 'open') return healthy(`lets the relay through to ${host}:${port} (${from})`);
  if (tunnel.how === 'failed')
    return broken(
      `The proxy gives no answer when asked for a way to the cloud (${tunnel.reason})`,
      `See that what runs at this address is an HTTP proxy (${from}).`,
    );
  if (tunnel.status === 407)
    return broken(
      proxy?.url.username
        ? 'The proxy does not accept the user and password (407)'
        : 'The proxy asks for a user and a password (407), and none is set',
      `Set proxy.user and proxy.passwordFile in relay.json to what the proxy accepts (now: ${from}). It must take Basic authentication.`,
    );
  return broken(
    `The proxy does not let the relay through to ${host}:${port} (status ${tunnel.status})`,
    `Have ${host} allowed on the proxy for CONNECT to port ${port}, without a time limit on the connection.`,
  );
}

const certificateCures: Record<string, string> = {
  CERT_HAS_EXPIRED: 'Renew it where it belongs; see also that the clock of this machine is right.',
  CERT_NOT_YET_VALID: 'Set the clock of this machine right.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Something else answers under this name: check DNS and the proxy.',
};

export function judgeTls({ host }: Line, end: TlsEnd): Finding {
  if (end.how === 'plain') return noted('the cloud is on this machine and reached without TLS');
  if (end.how === 'trusted') return healthy(`${end.protocol}, certificate of ${host} issued by ${end.issuer}`);
  if (end.how === 'failed')
    return broken(
      `No TLS connection with ${host} comes about (${end.reason})`,
      'Something between cuts TLS off, or what answers is no HTTPS: check the firewall and the address.',
    );
  return broken(
    `The certificate shown for ${host} is not trusted (${end.code}; issued by ${end.issuer})`,
    certificateCures[end.code] ??
      `If "${end.issuer}" is the authority of your own proxy or server, put its certificate (PEM) into a file and name it as caFile in relay.json. If not, somebody listens on the line.`,
  );
}

export function judgeClock({ clockAheadMs }: Handshake): Finding {
  if (clockAheadMs === null) return noted('the answer told no time to compare with');
  const seconds = Math.round(Math.abs(clockAheadMs) / 1_000);
  const how = `${seconds} s ${clockAheadMs > 0 ? 'behind' : 'ahead of'} the cloud’s`;
  if (seconds <= statementLifeSeconds) return healthy(seconds < 3 ? 'agrees with the cloud’s' : how);
  return broken(
    `The clock of this machine is ${how}; more than ${statementLifeSeconds} s are not taken`,
    'Set it right and keep it right: timedatectl set-ntp true (Windows: w32tm /resync).',
  );
}

/** Whether the relay's signed statement was accepted. */
export function judgeHandshake({ answer }: Handshake): Finding {
  if (answer.how !== 'ended' || answer.opened) return healthy('the cloud took the relay’s signed statement');
  const { why, detail = 'no answer' } = answer.ending;
  if (why === 'refused')
    return broken(
      `The cloud does not let this relay in (${detail}): it was revoked, or its key is not the one the cloud knows`,
      'Make a new token in the console (Relays, Enrol), then: relay enrol <url> <token> --again',
    );
  return broken(
    `What answers at the cloud’s address does not open a WebSocket (${detail})`,
    'See that nothing between changes or cuts WebSockets. A cloud that was set up anew has another address: enrol again.',
  );
}

export function judgeProof({ answer }: Handshake): Finding {
  if (answer.how === 'welcome')
    return answer.proven
      ? healthy('it is the cloud that enrolled this relay')
      : broken(cloudIsAnother, cures['wrong-cloud'] ?? '');
  return noted('the cloud ended the conversation before it had to prove itself');
}
const cloudIsAnother = 'What answers cannot prove that it is the cloud which enrolled this relay';

export function judgeSeen({ answer }: Handshake): Finding {
  if (answer.how === 'goodbye') return dismissed(answer);
  if (answer.how === 'ended') return broken(`The cloud closed the connection without a word (${answer.ending.why})`, tryAgain);
  if (answer.how === 'silent')
    return broken('The cloud took the connection and did not answer hello', cures.unwelcome ?? tryAgain);
  const { lease, advice } = answer;
  const so = lease.held ? 'and would have this relay gather and act' : 'another relay of this source gathers and acts';
  return healthy(`the cloud sees this relay, ${so}${advice === null ? '' : `. ${advice}`}`);
}
const tryAgain = 'Try again in a minute; if it stays so, look at the cloud’s own log (relay-socket).';

function dismissed({ code, reason }: Extract<Answer, { how: 'goodbye' }>): Finding {
  const cure: Record<number, string | null> = {
    [closeCodes.enrolAgain]: cures['enrol-again'],
    [closeCodes.tooOld]: cures['too-old'],
  };
  return broken(`The cloud sent this relay away: ${reason}`, cure[code] ?? tryAgain);
}
