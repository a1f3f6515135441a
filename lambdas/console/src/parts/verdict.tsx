/** A verdict as a badge in words, and a device's name as text. */
import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import Link from '@cloudscape-design/components/link';
import { Fragment } from 'react';
import { deviceAddress, follow } from '../router.ts';
import type { DeviceName, VerdictName } from '../schemas.ts';
import { texts } from '../texts/texts.ts';
import { clientWord, undecidedWord, verdictWords } from '../texts/words.ts';

export function Verdict({ verdict }: { verdict: VerdictName | null }) {
  if (verdict === null) return <Badge color="grey">{undecidedWord}</Badge>;
  const { word, badge } = verdictWords[verdict];
  return <Badge color={badge}>{word}</Badge>;
}

/** Names come from phones and directories: text, in their own direction, broken at slashes, never longer than three lines. */
export function Name({ children }: { children: string }) {
  return (
    <bdi className="long-name" title={children.length > 60 ? children : undefined}>
      {children.split('/').map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one name, which never move
        <Fragment key={index}>
          {index > 0 ? (
            <>
              /<wbr />
            </>
          ) : null}
          {part}
        </Fragment>
      ))}
    </bdi>
  );
}

/** A link to another page, labelled with the name of a person or source. */
export function LinkTo({ href, children }: { href: string; children: string }) {
  return (
    <Link href={href} onFollow={follow}>
      <bdi>{children}</bdi>
    </Link>
  );
}

export function UserLink({ device }: { device: DeviceName }) {
  return (
    <Link href={deviceAddress(device)} onFollow={follow}>
      <Name>{device.user}</Name>
    </Link>
  );
}

export function ClientAndId({ device }: { device: DeviceName & { client: string } }) {
  return (
    <>
      {clientWord(device.client)}
      <Box variant="small" display="block">
        <Name>{device.deviceId}</Name>
      </Box>
    </>
  );
}

/** "Held because …": the verdict with its evidence, as a sentence. */
export function VerdictReason({ device }: { device: { verdict: VerdictName | null; evidence: string | null } }) {
  if (device.verdict === null || device.evidence === null) return <>{texts.device.undecided}</>;
  return (
    <div className="sentence">
      {verdictWords[device.verdict].word} {texts.device.because} <bdi>{device.evidence}</bdi>.
    </div>
  );
}
