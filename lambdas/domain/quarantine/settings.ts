/** The Auto-Quarantine options, as published, and what one published version is. */
import { z } from 'zod';

export const settings = z.strictObject({
  requireApproval: z.enum(['server', 'on', 'off']),
  notify: z.array(z.email()),
  devicesPerUser: z.number().int().min(0),
  autoApproveEnrolled: z.boolean(),
  autoApproveByPolicy: z.boolean(),
  autoApproveVerse: z.boolean(),
});
export type Settings = z.infer<typeof settings>;

export const defaultSettings: Settings = {
  requireApproval: 'server',
  notify: [],
  devicesPerUser: 0,
  autoApproveEnrolled: false,
  autoApproveByPolicy: false,
  autoApproveVerse: false,
};

/** `scope` is `*` for all sources, otherwise a source id; the narrower one wins. Versions count from 1 within a scope. */
export const settingsVersion = z.object({
  scope: z.string(),
  version: z.number().int().positive(),
  settings,
  publishedBy: z.string(),
  publishedAt: z.number(),
});
export type SettingsVersion = z.infer<typeof settingsVersion>;

/** How a source records the settings of its last complete gather. */
export const seenAs = ({ scope, version }: Pick<SettingsVersion, 'scope' | 'version'>): string => `${scope}|${version}`;
