/** The systemd unit as text. Pure. */
import { leanEnvironment } from '../lean-environment.ts';
import type { WantedService } from './service-plan.ts';

const installedData = '/var/lib/traveler-relay';

/** Quotes a word for a unit file: `%` begins a specifier, `$` a variable, and quotes and spaces separate words. */
export function word(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(plain) ? `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : plain;
}

export function systemdUnit({ program, config, data, user, alsoWrites }: WantedService): string {
  const start = [...program, 'run', '--config', config, '--data', data].map(word).join(' ');
  const ofSystemd = data === installedData ? 'StateDirectory=traveler-relay\nStateDirectoryMode=0700\n' : '';
  return `[Unit]
Description=Relay of the Traveler Extender
Wants=network-online.target
After=network-online.target
# It is started again however often it ends.
StartLimitIntervalSec=0

[Service]
Type=exec
User=${user}
# HTTPS_PROXY, NO_PROXY and the like, where the environment is to say how to get out.
EnvironmentFile=-/etc/default/traveler-relay
# Keeps its memory small beside Domino's.
Environment=${Object.entries(leanEnvironment)
    .map((one) => one.join('='))
    .join(' ')}
ExecStart=${start}
Restart=always
RestartSec=5
# It journals what is in hand and says goodbye within 10 s; what it started for the Domino console is left in peace meanwhile.
TimeoutStopSec=15
KillMode=mixed
UMask=0077
${ofSystemd}ReadWritePaths=${[data, ...alsoWrites].map(word).join(' ')}

NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=${data.startsWith('/home/') || data.startsWith('/root/') ? 'no' : 'yes'}
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native

[Install]
WantedBy=multi-user.target
`;
}
